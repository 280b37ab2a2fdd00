// `coldstream unassigned`: devices that send and that no unit has. Once a fleet file assigns one, `replay` sends its logged
// uplinks through the pipeline again: the device stage does not remember an uplink that it could not assign.
import type { Command } from 'commander'
import type { Message } from 'node-rdkafka'
import { readConfig } from '../infra/config.ts'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { type OutgoingRecord, openPublisher, type Publisher } from '../infra/publisher.ts'
import { readTopic } from '../infra/topic-reader.ts'
import { topicName } from '../schemas/topics.ts'

export type UnassignedDevice = {
  devEui: string
  brandId: string | null
  modelId: string | null
  /** Samples in quarantine, not uplinks: one uplink may carry several. */
  count: number
  firstAt: Date
  lastAt: Date
}

/** A device that has a unit by now is left out: what it sent before is replayed, or meant to stay out. */
export async function listUnassigned(db: Postgres): Promise<UnassignedDevice[]> {
  const { rows } = await db.query<UnassignedDevice>(
    `select q.dev_eui as "devEui", (array_agg(q.brand_id order by q.received_at desc))[1] as "brandId",
       (array_agg(q.model_id order by q.received_at desc))[1] as "modelId", count(*) as count,
       min(q.recorded_at) as "firstAt", max(q.recorded_at) as "lastAt"
     from quarantine q
     where q.reason = 'unassigned' and not exists (
       select 1 from devices d join device_assignments a on a.device_id = d.id
       where d.dev_eui = q.dev_eui and d.deleted_at is null and a.unit_id is not null
         and a.valid_from <= q.recorded_at)
     group by q.dev_eui order by max(q.recorded_at) desc, q.dev_eui`,
  )
  return rows
}

export type ReplayOptions = { brokers: string; prefix: string; devEui: string }

/**
 * Appends the device's uplinks to their topic once more, the same keys and the same bytes, in the order of the log. Each
 * record once, although an earlier replay may have left copies.
 */
export async function replayDevice(
  { brokers, prefix, devEui }: ReplayOptions,
  publisher: Pick<Publisher, 'publish'>,
): Promise<number> {
  const topic = topicName(prefix, 'uplinks')
  const found = new Map<string, OutgoingRecord>()
  await readTopic({ brokers, topic }, (messages) => {
    for (const message of messages) if (isOf(message, devEui)) remember(found, message)
  })
  await publisher.publish([...found.values()])
  return found.size
}

const isOf = ({ key }: Message, devEui: string) => key?.toString() === devEui

function remember(found: Map<string, OutgoingRecord>, { topic, key, value }: Message): void {
  if (value === null) return
  const content = value.toString('base64')
  if (!found.has(content))
    found.set(content, { topic, key: key?.toString() ?? '', value: Buffer.from(value) })
}

export function unassignedCommand(program: Command): void {
  const unassigned = program.command('unassigned').description('devices that send and have no unit')
  unassigned
    .command('list', { isDefault: true })
    .description('which they are, and since when they send')
    .option('--json', 'print JSON')
    .action(({ json = false }: { json?: boolean }) => printList(json))
  unassigned
    .command('replay')
    .description("send a device's logged uplinks through the pipeline again, once a unit has it")
    .requiredOption('--device <devEui>', 'its 16 hex digits')
    .action(({ device }: { device: string }) => replay(device.toUpperCase()))
}

async function printList(json: boolean): Promise<void> {
  const db = openPostgres(readConfig(['DATABASE_URL']).DATABASE_URL, { connectionsMax: 1 })
  try {
    const devices = await listUnassigned(db)
    const text = devices.length === 0 ? 'Every device that sends has a unit.' : devices.map(lineOf).join('\n')
    process.stdout.write(`${json ? JSON.stringify(devices, null, 2) : text}\n`)
  } finally {
    await db.end()
  }
}

function lineOf({ devEui, brandId, modelId, count, firstAt, lastAt }: UnassignedDevice): string {
  const kind = `${brandId ?? '?'} ${modelId ?? '?'}`
  return `${devEui}  ${kind.padEnd(28)} ${String(count).padStart(8)}  ${firstAt.toISOString()} to ${lastAt.toISOString()}`
}

async function replay(devEui: string): Promise<void> {
  const config = readConfig(['KAFKA_BROKERS', 'TOPIC_PREFIX'])
  const options = { brokers: config.KAFKA_BROKERS, prefix: config.TOPIC_PREFIX, devEui }
  const publisher = await openPublisher(options.brokers)
  try {
    const count = await replayDevice(options, publisher)
    process.stdout.write(
      count === 0
        ? `No uplinks of ${devEui} are in the log: check its EUI with \`coldstream unassigned\`.\n`
        : `Sent ${count} uplinks of ${devEui} again.\n`,
    )
    if (count === 0) process.exitCode = 1
  } finally {
    await publisher.close()
  }
}

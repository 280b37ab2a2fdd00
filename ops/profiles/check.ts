// `coldstream profiles check`: what the logged uplinks of each device are read by, which of them say nothing to us and why, and
// what had to be assumed or repaired of what the network decoded. It reads the log only: the same decoders, no tables.
import type { Message } from 'node-rdkafka'
import { readConfig } from '../../infra/config.ts'
import { registryAt } from '../../infra/registry.ts'
import { readTopic } from '../../infra/topic-reader.ts'
import { decodeUplink } from '../../processors/decode-uplink.ts'
import { assignmentAt } from '../../processors/sequence.ts'
import { type Codecs, openCodecs } from '../../schemas/codec.ts'
import type { DeviceAssignment, Uplink } from '../../schemas/generated/types.ts'
import { type TopicName, topicName } from '../../schemas/topics.ts'
import { valueIn } from '../logged-values.ts'

export type Complaint = { text: string; count: number }

export type CheckedDevice = {
  devEui: string
  /** As the fleet file says, else as the network said last. */
  device: string
  decoder: string
  uplinks: number
  /** Uplinks that gave a reading, of now or replayed. */
  read: number
  errors: Complaint[]
  warnings: Complaint[]
}

/** By what they say beside their numbers. */
type Complaints = Map<string, Complaint>

const complaintsMax = 100

/** Texts that differ in their numbers only are one complaint, told by its first. */
function complain(complaints: Complaints, text: string): void {
  const sort = text.replaceAll(/-?\d+(\.\d+)?/g, '#')
  const known = complaints.get(sort)
  if (known) known.count += 1
  else if (complaints.size < complaintsMax) complaints.set(sort, { text, count: 1 })
}

const mostFirst = (complaints: Complaints) => [...complaints.values()].toSorted((a, b) => b.count - a.count)

type Tally = Pick<CheckedDevice, 'device' | 'decoder' | 'uplinks' | 'read'> & {
  errors: Complaints
  warnings: Complaints
}

export type Check = {
  assign(devEui: string, versions: readonly DeviceAssignment[]): void
  take(uplink: Uplink): void
  /** The most troubled first. */
  devices(): CheckedDevice[]
}

export function checkUplinks(sinceMs: number): Check {
  const assigned = new Map<string, readonly DeviceAssignment[]>()
  const tallies = new Map<string, Tally>()
  return {
    assign: (devEui, versions) => void assigned.set(devEui, versions),
    take(uplink) {
      if (uplink.type !== 'uplink' || uplink.recordedAt < sinceMs) return
      const assignment = assignmentAt(assigned.get(uplink.devEui) ?? [], uplink.recordedAt)
      const tally = tallies.get(uplink.devEui) ?? emptyTally()
      tallies.set(uplink.devEui, tally)
      add(tally, uplink, assignment)
    },
    devices: () =>
      [...tallies]
        .map(([devEui, tally]) => checkedOf(devEui, tally))
        .toSorted((a, b) => trouble(b) - trouble(a)),
  }
}

const emptyTally = (): Tally => ({
  ...{ device: '', decoder: '', uplinks: 0, read: 0 },
  ...{ errors: new Map(), warnings: new Map() },
})

function add(tally: Tally, uplink: Uplink, assignment: DeviceAssignment | null): void {
  const { decoder, decoderVersion, samples, error, warnings } = decodeUplink(uplink, assignment)
  const [vendor, model] = [assignment?.vendor ?? uplink.brandId, assignment?.model ?? uplink.modelId]
  tally.device = vendor === null || model === null ? 'unknown' : `${vendor}/${model}`
  tally.decoder = `${decoder} v${decoderVersion}`
  tally.uplinks += 1
  if (samples.some(isReading)) tally.read += 1
  if (error !== null) complain(tally.errors, error)
  for (const warning of warnings) complain(tally.warnings, warning)
}

type Sample = ReturnType<typeof decodeUplink>['samples'][number]

const isReading = ({ temperature, humidity, doorOpen, fault }: Sample): boolean =>
  temperature !== null || humidity !== null || doorOpen !== null || fault

function checkedOf(devEui: string, { errors, warnings, ...counts }: Tally): CheckedDevice {
  return { devEui, ...counts, errors: mostFirst(errors), warnings: mostFirst(warnings) }
}

const sum = (complaints: readonly Complaint[]) => complaints.reduce((total, { count }) => total + count, 0)
const trouble = ({ errors, warnings }: CheckedDevice) => sum(errors) * 1e6 + sum(warnings)

export function checkText(devices: readonly CheckedDevice[]): string {
  if (devices.length === 0) return 'No uplink was logged in that time.'
  return devices
    .flatMap(({ devEui, device, decoder, uplinks, read, errors, warnings }) => [
      `${devEui}  ${device}  ${decoder}: ${uplinks} uplinks, ${read} with a reading`,
      ...errors.map(({ text, count }) => `  not read, ${count} times: ${text}`),
      ...warnings.map(({ text, count }) => `  warning, ${count} times: ${text}`),
    ])
    .join('\n')
}

export async function runCheck(days: number): Promise<CheckedDevice[]> {
  const config = readConfig(['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'TOPIC_PREFIX'])
  const { KAFKA_BROKERS: brokers, TOPIC_PREFIX: prefix } = config
  const codecs = await openCodecs(registryAt(config.SCHEMA_REGISTRY_URL), prefix)
  const check = checkUplinks(Date.now() - days * 86_400_000)
  await readLog({ brokers, prefix, codecs }, check)
  return check.devices()
}

type Log = { brokers: string; prefix: string; codecs: Codecs }

export async function readLog({ brokers, prefix, codecs }: Log, check: Check): Promise<void> {
  const each = (topic: TopicName, take: (message: Message) => Promise<void>) =>
    readTopic({ brokers, topic: topicName(prefix, topic) }, async (messages) => {
      for (const message of messages) await take(message)
    })
  await each('devices', async (message) => {
    const device = await valueIn(codecs, 'devices', message)
    if (device !== null) check.assign(device.devEui, device.versions)
  })
  await each('uplinks', async (message) => {
    const uplink = await valueIn(codecs, 'uplinks', message)
    if (uplink !== null) check.take(uplink)
  })
}

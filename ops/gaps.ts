// `coldstream gaps`: frames that never came, from the topic uplinks; on request kept in tables, and filled from the Storage
// Integration, once or again and again.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { openBackfill } from '../bridge/main.ts'
import { keysOf, readConfig } from '../infra/config.ts'
import { openPostgres } from '../infra/postgres.ts'
import { registryAt } from '../infra/registry.ts'
import { type DeviceFrames, gapsOf, lossOf, lossPercent } from '../processors/gaps.ts'
import { openCodecs } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'
import { endSignal } from './end-signal.ts'
import { gapFiller } from './gaps/fill.ts'
import { storeGaps } from './gaps/store.ts'
import { watchGaps } from './gaps/watch.ts'

type Options = { days: string; json?: boolean; store?: boolean; fill?: boolean; every?: string }

const dayMs = 86_400_000
const print = (text: string): void => void process.stdout.write(`${text}\n`)
const tell = (text: string): void => void process.stderr.write(`${text}\n`)

export function gapsCommand(program: Command): void {
  program
    .command('gaps')
    .description('uplinks that never came: loss by device and gateway, and every gap in the frame counters')
    .option('--days <n>', 'how far back, by event time', '7')
    .option('--json', 'print JSON')
    .option('--store', 'keep all of it in the tables uplink_gaps and uplink_loss (DATABASE_URL)')
    .option('--fill', 'ask the Storage Integration for what is missing (BRIDGE_STORAGE)')
    .option('--every <minutes>', 'go on, and look again so often')
    .action(run)
}

async function run(options: Options): Promise<void> {
  const days = wholeOf('--days', options.days)
  const everyMs = options.every === undefined ? null : wholeOf('--every', options.every) * 60_000
  const closings: (() => Promise<void>)[] = []
  try {
    const look = await openLook(options, days, closings)
    await look(true)
    if (everyMs === null) return
    const ending = new AbortController()
    void endSignal().then(() => ending.abort())
    while (!ending.signal.aborted) {
      await sleep(everyMs, undefined, { signal: ending.signal }).catch(() => {}) // cut short by the end
      // What is away comes back; what is known by then is kept in memory.
      if (!ending.signal.aborted) await look(false).catch((error: Error) => tell(`Later: ${error.message}`))
    }
  } finally {
    for (const close of closings.toReversed()) await close()
  }
}

function wholeOf(option: string, text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  throw new PipelineError('CONFIG_INVALID', { problems: [`${option} takes a whole number above 0.`] })
}

type Look = (isFirst: boolean) => Promise<void>

async function openLook(options: Options, days: number, closings: (() => Promise<void>)[]): Promise<Look> {
  const {
    KAFKA_BROKERS: brokers,
    SCHEMA_REGISTRY_URL,
    TOPIC_PREFIX: prefix,
  } = readConfig(['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'TOPIC_PREFIX'])
  const db = options.store
    ? openPostgres(readConfig(['DATABASE_URL']).DATABASE_URL, { connectionsMax: 1 })
    : null
  if (db !== null) closings.push(() => db.end())
  const filler = options.fill ? await openFiller(closings) : null
  const watch = watchGaps({
    brokers,
    prefix,
    codecs: await openCodecs(registryAt(SCHEMA_REGISTRY_URL), prefix),
  })
  // Until it is stored: a database that is away for a look misses nothing.
  const changed = new Set<string>()
  const read = async () => {
    for (const devEui of await watch.look()) changed.add(devEui)
  }
  return async (isFirst) => {
    await read()
    if (filler !== null) {
      const {
        asked,
        read: got,
        failed,
      } = await filler.fill(watch.devices.values(), Date.now() - days * dayMs, Date.now())
      tell(`Asked for ${asked} gaps and got ${got} uplinks.`)
      for (const failure of failed) tell(failure)
      if (got > 0) await read()
    }
    const devices = [...watch.devices.values()]
    if (db !== null)
      await storeGaps(
        db,
        devices.filter(({ devEui }) => changed.has(devEui)),
      )
    if (isFirst || changed.size > 0)
      print(reportOf(devices, Date.now() - days * dayMs, options.json === true))
    changed.clear()
  }
}

async function openFiller(closings: (() => Promise<void>)[]) {
  const config = readConfig(keysOf('bridge'))
  if (config.BRIDGE_STORAGE.size === 0)
    throw new PipelineError('CONFIG_INVALID', {
      problems: ['BRIDGE_STORAGE is not set: there is nowhere to ask.'],
    })
  const open = await openBackfill(config, tell)
  closings.push(open.close)
  return gapFiller(open.backfill, new Set(config.BRIDGE_STORAGE.keys()))
}

type Loss = { name: string; received: number; lost: number; percent: number }

export function lossesSince(
  devices: readonly DeviceFrames[],
  sinceMs: number,
): { devices: Loss[]; gateways: Loss[] } {
  const [byDevice, byGateway] = [new Map<string, Loss>(), new Map<string, Loss>()]
  const add = (sums: Map<string, Loss>, name: string, received: number, lost: number) => {
    const sum = sums.get(name) ?? { name, received: 0, lost: 0, percent: 0 }
    const total = { name, received: sum.received + received, lost: sum.lost + lost }
    sums.set(name, { ...total, percent: lossPercent(total) })
  }
  for (const device of devices)
    for (const { dayMs: day, gatewayId, received, lost } of lossOf(device)) {
      // Whole days: the first one may begin before the instant.
      if (day + dayMs <= sinceMs) continue
      add(byDevice, device.devEui, received, lost)
      add(byGateway, gatewayId, received, lost)
    }
  const worstFirst = (sums: Map<string, Loss>) =>
    [...sums.values()].toSorted((a, b) => b.percent - a.percent || (a.name < b.name ? -1 : 1))
  return { devices: worstFirst(byDevice), gateways: worstFirst(byGateway) }
}

function reportOf(devices: readonly DeviceFrames[], sinceMs: number, isJson: boolean): string {
  const losses = lossesSince(devices, sinceMs)
  const gaps = devices.flatMap(gapsOf).filter(({ beforeMs }) => beforeMs >= sinceMs)
  const iso = (ms: number) => new Date(ms).toISOString()
  if (isJson)
    return JSON.stringify({
      ...losses,
      gaps: gaps.map(({ afterMs, beforeMs, ...gap }) => ({
        ...gap,
        after: iso(afterMs),
        before: iso(beforeMs),
      })),
    })
  const line = ({ name, received, lost, percent }: Loss) =>
    `  ${name.padEnd(24)} ${percent.toFixed(2).padStart(6)} %  lost ${lost} of ${received + lost}`
  return [
    'Devices, the worst first',
    ...losses.devices.map(line),
    'Gateways: what came by each, and what was lost after a frame that it heard best',
    ...losses.gateways.map(line),
    `Gaps: ${gaps.length}`,
    ...gaps.map(
      (gap) =>
        `  ${gap.devEui}  ${gap.firstFCnt}–${gap.lastFCnt}  ${iso(gap.afterMs)} … ${iso(gap.beforeMs)}`,
    ),
  ].join('\n')
}

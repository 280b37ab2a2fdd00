// Which frames of a device never came: holes in the counters of each session. A pure function of the set of frames, so copies
// and their order change nothing, and a hole that is filled later is none.
//
//   session  0──────41   44────────90   92 …        runs of counters that came, each with when it began and ended
//                    42 43           91             the holes between them: what was lost, between two known instants
import type { Uplink } from '../schemas/generated/types.ts'

type Run = {
  first: number
  last: number
  firstMs: number
  lastMs: number
  /** That heard the last frame best: the likeliest to have missed the next. */
  gatewayId: string
}

export type FrameSessions = Map<string, Run[]>

export type DeviceFrames = {
  devEui: string
  /** As last seen: where to ask for what is missing. */
  connectionId: string
  deviceName: string | null
  newestMs: number
  sessions: FrameSessions
  /** Frames that came, by UTC day and gateway. */
  received: Map<number, Map<string, number>>
}

export type Gap = {
  devEui: string
  sessionKeyId: string
  firstFCnt: number
  lastFCnt: number
  missing: number
  /** When the frames beside the hole were received. */
  afterMs: number
  beforeMs: number
  gatewayId: string
}

export type LossRow = { dayMs: number; gatewayId: string; received: number; lost: number }

const dayMs = 86_400_000
/** A greater jump is a device that began anew, not one that was not heard: LoRaWAN's MAX_FCNT_GAP. */
const jumpMax = 16_384
const noGateway = 'unknown'

export const noFrames = (devEui: string): DeviceFrames => ({
  devEui,
  connectionId: '',
  deviceName: null,
  newestMs: Number.NEGATIVE_INFINITY,
  sessions: new Map(),
  received: new Map(),
})

/** False: it counts no frames of a device (a join, a simulation, one without session), or came before. */
export function addFrame(frames: DeviceFrames, uplink: Uplink): boolean {
  const { sessionKeyId, fCnt, recordedAt } = uplink
  if (uplink.type !== 'uplink' || uplink.simulated || sessionKeyId === null) return false
  const gatewayId = bestGateway(uplink)
  const runs = frames.sessions.get(sessionKeyId) ?? []
  frames.sessions.set(sessionKeyId, runs)
  if (!addToRuns(runs, { first: fCnt, last: fCnt, firstMs: recordedAt, lastMs: recordedAt, gatewayId }))
    return false
  if (recordedAt >= frames.newestMs) {
    frames.newestMs = recordedAt
    frames.connectionId = uplink.connectionId
    frames.deviceName = uplink.deviceName
  }
  const day = dayOf(recordedAt)
  const ofDay = frames.received.get(day) ?? new Map<string, number>()
  frames.received.set(day, ofDay.set(gatewayId, (ofDay.get(gatewayId) ?? 0) + 1))
  return true
}

const dayOf = (ms: number): number => Math.floor(ms / dayMs) * dayMs

function bestGateway({ gateways }: Uplink): string {
  let best: Uplink['gateways'][number] | undefined
  for (const gateway of gateways)
    if (best === undefined || (gateway.rssi ?? -Infinity) > (best.rssi ?? -Infinity)) best = gateway
  return best?.gatewayEui ?? best?.gatewayId ?? noGateway
}

function addToRuns(runs: Run[], frame: Run): boolean {
  const at = firstEndingAtOrAfter(runs, frame.first)
  const [before, after] = [runs[at - 1], runs[at]]
  if (after !== undefined && after.first <= frame.first) return false
  const joined = { ...frame }
  const joinsBefore = before?.last === frame.first - 1
  const joinsAfter = after?.first === frame.first + 1
  if (joinsBefore && before !== undefined)
    Object.assign(joined, { first: before.first, firstMs: before.firstMs })
  if (joinsAfter && after !== undefined)
    Object.assign(joined, { last: after.last, lastMs: after.lastMs, gatewayId: after.gatewayId })
  runs.splice(joinsBefore ? at - 1 : at, Number(joinsBefore) + Number(joinsAfter), joined)
  return true
}

function firstEndingAtOrAfter(runs: readonly Run[], counter: number): number {
  let [low, high] = [0, runs.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((runs[middle]?.last ?? 0) < counter) low = middle + 1
    else high = middle
  }
  return low
}

/** By session and counter. What came before a session's first known frame is nobody's loss: it may be older than the log. */
export function gapsOf({ devEui, sessions }: DeviceFrames): Gap[] {
  return [...sessions]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([sessionKeyId, runs]) =>
      runs.flatMap((run, at) => {
        const next = runs[at + 1]
        if (next === undefined || next.first - run.last > jumpMax || next.firstMs < run.lastMs) return []
        const [firstFCnt, lastFCnt] = [run.last + 1, next.first - 1]
        const between = { afterMs: run.lastMs, beforeMs: next.firstMs, gatewayId: run.gatewayId }
        return [{ devEui, sessionKeyId, firstFCnt, lastFCnt, missing: lastFCnt - firstFCnt + 1, ...between }]
      }),
    )
}

/** By day and gateway: frames that came by it, and frames lost after one that it heard best; a loss on the day it showed. */
export function lossOf(frames: DeviceFrames): LossRow[] {
  const rows = new Map<string, LossRow>()
  const row = (day: number, gatewayId: string): LossRow => {
    const key = `${day}|${gatewayId}`
    const known = rows.get(key) ?? { dayMs: day, gatewayId, received: 0, lost: 0 }
    rows.set(key, known)
    return known
  }
  for (const [day, ofDay] of frames.received)
    for (const [gatewayId, count] of ofDay) row(day, gatewayId).received = count
  for (const { beforeMs, gatewayId, missing } of gapsOf(frames))
    row(dayOf(beforeMs), gatewayId).lost += missing
  return [...rows.values()].toSorted((a, b) => a.dayMs - b.dayMs || (a.gatewayId < b.gatewayId ? -1 : 1))
}

export const lossPercent = ({ received, lost }: { received: number; lost: number }): number =>
  received + lost === 0 ? 0 : (100 * lost) / (received + lost)

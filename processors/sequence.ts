// Judges what a device sent, in this order: a copy of an uplink, the clock, the unit, the identity of the reading.
// The first delivery counts, whatever copies say. Simulated uplinks have a space of their own.
//
//   uplink ──copy──▶ dropped
//     │ samples
//     ├──clock──────▶ quarantine      recorded in the future, or beyond the retention
//     ├──unit───────▶ quarantine      no version assigns the device at that instant
//     ├──identity───▶ quarantine      another value stands under the same instant; the same value: dropped
//     │          └──▶ check-in        a live uplink is one also where a replay has brought its reading before it
//     └─────────────▶ reading
import type { DeviceAssignment } from '../schemas/generated/types.ts'
import { digestOfText } from './digest.ts'
import { addDigest, digestAt, replaceDigest } from './reading-digests.ts'
import {
  addUplink,
  emptySpace,
  emptyUplinks,
  hasUplink,
  readingsOf,
  type Space,
  type UplinkIdentity,
} from './seen.ts'

export type SequenceOptions = {
  /** How far after `receivedAt` a sensor's clock may be. */
  clockAheadMs: number
  retentionMonths: number
  /** How long the identities of readings are remembered behind the device's newest. */
  identityHorizonMs: number
}

export const sequenceDefaults: SequenceOptions = {
  clockAheadMs: 10 * 60_000,
  retentionMonths: 24,
  identityHorizonMs: 48 * 3_600_000,
}

export type Sequence = { real: Space; simulated: Space; newestMs: number }

export const emptySequence = (): Sequence => ({
  real: emptySpace(),
  simulated: emptySpace(),
  newestMs: Number.NEGATIVE_INFINITY,
})

export type TimedSample = {
  recordedAtMs: number
  /** Replayed by the sensor, and not the uplink's own. */
  history: boolean
  // What a conflict compares.
  temperature: number | null
  humidity: number | null
  doorOpen: boolean | null
}

export type SeenUplink<S extends TimedSample> = UplinkIdentity & {
  receivedAtMs: number
  simulated: boolean
  assignmentAt(ms: number): DeviceAssignment | null
  /** What it carries; asked only if it is no copy. */
  samples(): readonly S[]
}

export type Accepted<S> = {
  reason: null | 'check-in'
  sample: S
  assignment: DeviceAssignment
  unitId: string
}

export type Judged<S> =
  | Accepted<S>
  | { reason: 'clock' | 'unassigned' | 'conflict'; sample: S; assignment: DeviceAssignment | null }

export function judgeUplink<S extends TimedSample>(
  sequence: Sequence,
  options: SequenceOptions,
  uplink: SeenUplink<S>,
): Judged<S>[] {
  const space = uplink.simulated ? sequence.simulated : sequence.real
  if (hasUplink(space.uplinks, uplink) || hasUplink(space.unassigned, uplink)) return []
  const judged: Judged<S>[] = []
  for (const sample of uplink.samples()) judged.push(...judgeSample(sequence, space, options, uplink, sample))
  // Where the device was not assigned, the uplink counts anew once the assignments have changed.
  const isUnassigned = judged.some(({ reason }) => reason === 'unassigned')
  addUplink(
    isUnassigned ? space.unassigned : space.uplinks,
    uplink,
    forgetBeforeMs(sequence, options, uplink),
  )
  return judged
}

/** Beyond the retention, and behind the newest reading: a `receivedAt` far off must not make it forget what is new. */
function forgetBeforeMs(
  { newestMs }: Sequence,
  options: SequenceOptions,
  { receivedAtMs }: Received,
): number {
  const oldestMs = monthsBefore(receivedAtMs, options.retentionMonths)
  return Math.min(oldestMs, newestMs - options.identityHorizonMs)
}

type Received = { receivedAtMs: number }

/** Nothing: the same reading once more. */
function judgeSample<S extends TimedSample>(
  sequence: Sequence,
  space: Space,
  options: SequenceOptions,
  { receivedAtMs, simulated, assignmentAt }: SeenUplink<S>,
  sample: S,
): Judged<S>[] {
  const { recordedAtMs } = sample
  const assignment = assignmentAt(recordedAtMs)
  if (!isClockRight(recordedAtMs, receivedAtMs, options)) return [{ reason: 'clock', sample, assignment }]
  const unitId = assignment?.unitId ?? null
  if (assignment === null || unitId === null) return [{ reason: 'unassigned', sample, assignment }]
  const readings = readingsOf(space, unitId)
  const digest = digestOfValues(sample)
  const standing = digestAt(readings, recordedAtMs)
  if (standing !== undefined) {
    const again: Judged<S>[] = isSame(standing, digest) ? [] : [{ reason: 'conflict', sample, assignment }]
    if (simulated || sample.history || !isHistory(standing)) return again
    replaceDigest(readings, recordedAtMs, standing - 1)
    return [...again, { reason: 'check-in', sample, assignment, unitId }]
  }
  if (!simulated && recordedAtMs > sequence.newestMs) sequence.newestMs = recordedAtMs
  const newestMs = simulated ? recordedAtMs : sequence.newestMs
  addDigest(readings, recordedAtMs, digest, newestMs - options.identityHorizonMs)
  return [{ reason: null, sample, assignment, unitId }]
}

/** 32 bits: many of them are kept, and they are compared only at one instant of one device. The last: history alone. */
const digestOfValues = ({ temperature, humidity, doorOpen, history }: TimedSample): number =>
  (digestOfText(`${temperature}|${humidity}|${doorOpen}`) & ~1) | Number(history)

const isHistory = (digest: number): boolean => (digest & 1) === 1
const isSame = (a: number, b: number): boolean => a >> 1 === b >> 1

export function isClockRight(recordedAtMs: number, receivedAtMs: number, options: SequenceOptions): boolean {
  if (recordedAtMs > receivedAtMs + options.clockAheadMs) return false
  return recordedAtMs >= monthsBefore(receivedAtMs, options.retentionMonths)
}

const DAY_MS = 86_400_000

/** How far months reach back is the same for every instant of a day, and most that is asked is of one day. */
let lastAsked = { day: Number.NaN, months: Number.NaN, backMs: 0 }

/** Calendar months back in UTC; where the month is too short, its last day. */
export function monthsBefore(ms: number, months: number): number {
  const day = Math.floor(ms / DAY_MS)
  if (day !== lastAsked.day || months !== lastAsked.months)
    lastAsked = { day, months, backMs: day * DAY_MS - dayMonthsBefore(day * DAY_MS, months) }
  return ms - lastAsked.backMs
}

function dayMonthsBefore(dayMs: number, months: number): number {
  const date = new Date(dayMs)
  const day = date.getUTCDate()
  date.setUTCDate(1)
  date.setUTCMonth(date.getUTCMonth() - months)
  const daysInMonth = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate()
  date.setUTCDate(Math.min(day, daysInMonth))
  return date.getTime()
}

/** After a change of the assignments, what was not assigned may be sent again. */
export function forgetUnassigned({ real, simulated }: Sequence): void {
  real.unassigned = emptyUplinks()
  simulated.unassigned = emptyUplinks()
}

/** The version valid at `ms`; null before the first. */
export function assignmentAt(versions: readonly DeviceAssignment[], ms: number): DeviceAssignment | null {
  let valid: DeviceAssignment | null = null
  for (const version of versions) {
    if (version.validFrom > ms) continue
    if (valid === null || version.validFrom >= valid.validFrom) valid = version
  }
  return valid
}

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
import { digestOfThree } from './digest.ts'
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

export type SeenUplink = UplinkIdentity & { receivedAtMs: number; simulated: boolean }

export type Accepted<S> = {
  reason: null | 'check-in'
  sample: S
  assignment: DeviceAssignment
  unitId: string
}

export type Judged<S> =
  | Accepted<S>
  | { reason: 'clock' | 'unassigned' | 'conflict'; sample: S; assignment: DeviceAssignment | null }

const spaceOf = (sequence: Sequence, { simulated }: SeenUplink): Space =>
  simulated ? sequence.simulated : sequence.real

/** A copy is dropped before anything that it carries is looked at. */
export function isCopy(sequence: Sequence, uplink: SeenUplink): boolean {
  const { uplinks, unassigned } = spaceOf(sequence, uplink)
  return hasUplink(uplinks, uplink) || hasUplink(unassigned, uplink)
}

/** Of an uplink that is no copy, and that is remembered from now on. `versions`: the device's assignments. */
export function judgeUplink<S extends TimedSample>(
  sequence: Sequence,
  options: SequenceOptions,
  uplink: SeenUplink,
  versions: readonly DeviceAssignment[],
  samples: readonly S[],
): Judged<S>[] {
  // The first sample's list takes what is said of the others: most uplinks carry one.
  let judged: Judged<S>[] | null = null
  for (const sample of samples) {
    const one = judgeSample(sequence, options, uplink, versions, sample)
    if (judged === null) judged = one
    else judged.push(...one)
  }
  // Where the device was not assigned, the uplink counts anew once the assignments have changed.
  const { unassigned, uplinks } = spaceOf(sequence, uplink)
  const isUnassigned = judged?.some(({ reason }) => reason === 'unassigned')
  addUplink(isUnassigned ? unassigned : uplinks, uplink, forgetBeforeMs(sequence, options, uplink))
  return judged ?? []
}

/** Beyond the retention, and behind the newest reading: a `receivedAt` far off must not make it forget what is new. */
function forgetBeforeMs(
  { newestMs }: Sequence,
  options: SequenceOptions,
  { receivedAtMs }: SeenUplink,
): number {
  const oldestMs = monthsBefore(receivedAtMs, options.retentionMonths)
  return Math.min(oldestMs, newestMs - options.identityHorizonMs)
}

/** Nothing: the same reading once more. */
function judgeSample<S extends TimedSample>(
  sequence: Sequence,
  options: SequenceOptions,
  uplink: SeenUplink,
  versions: readonly DeviceAssignment[],
  sample: S,
): Judged<S>[] {
  const { receivedAtMs, simulated } = uplink
  const { recordedAtMs } = sample
  const assignment = assignmentAt(versions, recordedAtMs)
  if (!isClockRight(recordedAtMs, receivedAtMs, options)) return [{ reason: 'clock', sample, assignment }]
  const unitId = assignment?.unitId ?? null
  if (assignment === null || unitId === null) return [{ reason: 'unassigned', sample, assignment }]
  const readings = readingsOf(spaceOf(sequence, uplink), unitId)
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
  (digestOfThree(temperature, humidity, doorOpen) & ~1) | Number(history)

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

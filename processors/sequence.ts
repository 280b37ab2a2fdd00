// Judges what a device sent, in this order: a copy of an uplink, the clock, the unit, the identity of the reading.
// The first delivery counts, whatever copies say. Simulated uplinks have a space of their own.
//
//   uplink ──copy──▶ dropped
//     │ samples
//     ├──clock──────▶ quarantine      recorded in the future, or beyond the retention
//     ├──unit───────▶ quarantine      no version assigns the device at that instant
//     ├──identity───▶ quarantine      another value stands under the same instant; the same value: dropped
//     └─────────────▶ reading
import type { DeviceAssignment } from '../schemas/generated/types.ts'
import { digestOfText } from './digest.ts'
import {
  addDigest,
  addUplink,
  digestsAt,
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

/** Values at an instant: what a conflict compares. */
export type SampleValues = { temperature: number | null; humidity: number | null; doorOpen: boolean | null }

export type TimedSample = SampleValues & { recordedAtMs: number; history: boolean }

export type SeenUplink<S extends TimedSample> = UplinkIdentity & {
  receivedAtMs: number
  simulated: boolean
  assignmentAt(ms: number): DeviceAssignment | null
  /** What it carries; asked only if it is no copy. */
  samples(): readonly S[]
}

export type Judged<S> =
  | { reason: null; sample: S; assignment: DeviceAssignment; unitId: string }
  | { reason: 'clock' | 'unassigned' | 'conflict'; sample: S; assignment: DeviceAssignment | null }

export function judgeUplink<S extends TimedSample>(
  sequence: Sequence,
  options: SequenceOptions,
  uplink: SeenUplink<S>,
): Judged<S>[] {
  const space = uplink.simulated ? sequence.simulated : sequence.real
  if (hasUplink(space.uplinks, uplink) || hasUplink(space.unassigned, uplink)) return []
  const judged: Judged<S>[] = []
  for (const sample of uplink.samples()) {
    const verdict = judgeSample(sequence, space, options, uplink, sample)
    if (verdict !== null) judged.push(verdict)
  }
  // Where the device was not assigned, the uplink counts anew once the assignments have changed.
  const isUnassigned = judged.some(({ reason }) => reason === 'unassigned')
  const oldestMs = monthsBefore(uplink.receivedAtMs, options.retentionMonths)
  addUplink(isUnassigned ? space.unassigned : space.uplinks, uplink, oldestMs)
  return judged
}

/** Null: the same reading once more. */
function judgeSample<S extends TimedSample>(
  sequence: Sequence,
  space: Space,
  options: SequenceOptions,
  { receivedAtMs, simulated, assignmentAt }: SeenUplink<S>,
  sample: S,
): Judged<S> | null {
  const { recordedAtMs } = sample
  const assignment = assignmentAt(recordedAtMs)
  if (!isClockRight(recordedAtMs, receivedAtMs, options)) return { reason: 'clock', sample, assignment }
  const unitId = assignment?.unitId ?? null
  if (assignment === null || unitId === null) return { reason: 'unassigned', sample, assignment }
  const readings = readingsOf(space, unitId)
  const digest = digestOfValues(sample)
  const [standing] = digestsAt(readings, recordedAtMs)
  if (standing !== undefined) return standing === digest ? null : { reason: 'conflict', sample, assignment }
  if (!simulated && recordedAtMs > sequence.newestMs) sequence.newestMs = recordedAtMs
  const newestMs = simulated ? recordedAtMs : sequence.newestMs
  addDigest(readings, recordedAtMs, digest, newestMs - options.identityHorizonMs)
  return { reason: null, sample, assignment, unitId }
}

/** 32 bits: many of them are kept, and they are compared only at one instant of one device. */
const digestOfValues = ({ temperature, humidity, doorOpen }: SampleValues): number =>
  digestOfText(`${temperature}|${humidity}|${doorOpen}`) | 0

export function isClockRight(recordedAtMs: number, receivedAtMs: number, options: SequenceOptions): boolean {
  if (recordedAtMs > receivedAtMs + options.clockAheadMs) return false
  return recordedAtMs >= monthsBefore(receivedAtMs, options.retentionMonths)
}

/** Calendar months back in UTC; where the month is too short, its last day. */
export function monthsBefore(ms: number, months: number): number {
  const date = new Date(ms)
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

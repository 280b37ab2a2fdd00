/** What goes into the reference model and what comes out: the lines of `coldstream dry-run`, as outputs.md names them. */

/** UTC milliseconds, or ISO 8601. */
export type Instant = number | string
type Maybe<T> = T | null | undefined

export type Observation = {
  unitId?: Maybe<string>
  deviceId: string
  recordedAt: Instant
  receivedAt?: Maybe<Instant>
  temperature?: Maybe<number>
  humidity?: Maybe<number>
  doorOpen?: Maybe<boolean>
  fCnt?: Maybe<number>
  sessionKeyId?: Maybe<string>
  simulated?: Maybe<boolean>
  history?: Maybe<boolean>
}

export type Schedule = { days?: Maybe<number[]>; startHour?: Maybe<number>; endHour?: Maybe<number> }

export type UnitVersion = {
  validFrom: Instant
  tempMin?: Maybe<number>
  tempMax?: Maybe<number>
  delayMinutes?: Maybe<number>
  expectedReadingIntervalSeconds?: Maybe<number>
  offlineTriggerMultiplier?: Maybe<number>
  offlineTriggerAdditionalMinutes?: Maybe<number>
  offlineWarningMissedCheckins?: Maybe<number>
  offlineCriticalMissedCheckins?: Maybe<number>
  doorOpenWarningMinutes?: Maybe<number>
  doorOpenCriticalMinutes?: Maybe<number>
  doorOpenMaxMaskMinutesPerDay?: Maybe<number>
  excursionConfirmMinutesDoorClosed?: Maybe<number>
  excursionConfirmMinutesDoorOpen?: Maybe<number>
  maxExcursionMinutes?: Maybe<number>
  manualIntervalMinutes?: Maybe<number>
  manualGraceMinutes?: Maybe<number>
  schedule?: Maybe<Schedule>
}

export type DeviceVersion = {
  validFrom: Instant
  unitId?: Maybe<string>
  kind?: Maybe<'temperature' | 'door'>
}

export type DryRunConfig = {
  timeZone?: Maybe<string>
  graceMinutes?: Maybe<number>
  clockAheadMinutes?: Maybe<number>
  retentionMonths?: Maybe<number>
  units?: Maybe<Record<string, UnitVersion[]>>
  devices?: Maybe<Record<string, DeviceVersion[]>>
}

export type Topic =
  | 'excursions'
  | 'door-events'
  | 'door-openings'
  | 'silences'
  | 'unit-status'
  | 'alerts'
  | 'rollups'
  | 'quarantine'

export type Value = string | number | boolean | null
export type Output = { topic: Topic; key: string; value: Record<string, Value> }

/** An observation that was accepted: real, its clock believed, its unit known, the first under its identity. */
export type Sample = {
  unitId: string
  deviceId: string
  atMs: number
  temperature: number | null
  humidity: number | null
  doorOpen: boolean | null
}

/** A temperature of the unit's one series. */
export type Reading = { deviceId: string; atMs: number; value: number }

/** A span from `startMs` to before `endMs`. */
export type Span = { startMs: number; endMs: number }

export function instantMs(instant: Instant, what: string): number {
  const ms = typeof instant === 'number' ? instant : Date.parse(instant)
  if (Number.isFinite(ms)) return ms
  throw new Error(`${what} is ${JSON.stringify(instant)}; give UTC milliseconds or ISO 8601`)
}

export function isoOf(ms: number): string {
  return new Date(ms).toISOString()
}

export function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : isoOf(ms)
}

/** The kind of a device by the version valid at an instant; null where no version says. */
export type DeviceKindAt = (deviceId: string, atMs: number) => 'temperature' | 'door' | null

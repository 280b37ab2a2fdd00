// Generated from schemas/*.avsc by schemas/generate.ts: change those, then run `npm run generate`.

/** retracted: a late sample took the cause away. */
export type AlertStatus = 'active' | 'acknowledged' | 'escalated' | 'resolved' | 'retracted'

/** What it is about. */
export type AlertType = 'alarm_active' | 'monitoring_interrupted' | 'missed_manual_entry' | 'low_battery' | 'sensor_fault' | 'door_open' | 'calibration_due' | 'budget_exceeded'

/** Urgency. */
export type AlertSeverity = 'info' | 'warning' | 'critical'

/** What shows a low battery or a sensor fault; silent: it does not check in while others of its unit do. */
export type AlertReason = 'percent' | 'volts' | 'no_probe' | 'stuck' | 'jump' | 'silent'

/** An alert on a confirmed cause. */
export type Alert = {
  /** Derived from what identifies the alert: a replay gives the same. */
  id: string
  /** The unit. The record key. */
  unitId: string
  /** The owner. */
  organizationId: string
  /** From 1; a higher one replaces the lower ones of the same id. */
  revision: number
  /** Lifecycle. */
  status: AlertStatus
  /** What it is about. */
  alertType: AlertType
  /** Urgency. */
  severity: AlertSeverity
  /** The episode behind it. */
  causeId: string
  /** Start of the cause, UTC ms. */
  causeStartedAt: number
  /** The device that it is about; null: the unit. */
  deviceId: string | null
  /** What shows it, where there are several ways; null: what its type says. */
  reason: AlertReason | null
  /** UTC ms. */
  triggeredAt: number
  /** When each level of escalation was reached, the first level first, UTC ms. */
  escalatedAt: readonly number[]
  /** UTC ms; null: nobody has acknowledged it. */
  acknowledgedAt: number | null
  /** UTC ms; null: open. */
  resolvedAt: number | null
}

/** retracted: a late sample showed that it never was. */
export type EpisodeState = 'open' | 'closed' | 'retracted'

/** Which side of its limit counts. */
export type BudgetSide = 'above' | 'below'

/** What the time is added up over. */
export type BudgetSpan = 'consecutive' | 'day' | 'lot'

/** A budget of time out of range that has run out: from the first instant beyond its limit to what begins it anew. */
export type BudgetUse = {
  /** Derived from what identifies the episode: a replay gives the same. */
  id: string
  /** The unit. The record key. */
  unitId: string
  /** The owner. */
  organizationId: string
  /** From 1; a higher one replaces the lower ones of the same id. */
  revision: number
  /** Open, closed or retracted. */
  state: EpisodeState
  /** The budget, as the rule calls it. */
  name: string
  /** Which side of the limit counts. */
  side: BudgetSide
  /** The limit when it ran out, °C. */
  limit: number
  /** What the time is added up over. */
  over: BudgetSpan
  /** The lot, where it is over one. */
  lot: string | null
  /** Known time beyond the limit that was allowed, s. */
  budgetSeconds: number
  /** First instant beyond the limit, UTC ms. */
  startedAt: number
  /** When it ran out, UTC ms. */
  exceededAt: number
  /** First reading within the limit, end of the local day, or end of the lot, UTC ms; null: open. */
  endedAt: number | null
  /** Known time beyond the limit in all, s; null while open. */
  usedSeconds: number | null
}

/** A record that could not be processed, whole, with the reason. Key: the input's. */
export type DeadLetter = {
  /** The failure's code, as in schemas/failure.ts. */
  code: string
  /** What went wrong and what a person does about it. */
  explanation: string
  /** Where it came from: a topic, or the bridge's connection. */
  source: string
  /** Partition of the source topic. */
  partition: number | null
  /** Offset in it. */
  offset: number | null
  /** When it failed, UTC ms. */
  failedAt: number
  /** The original key. */
  key: Buffer | null
  /** The original value, verbatim. */
  value: Buffer | null
  /** The original headers, without secrets. */
  headers: Readonly<Record<string, string>>
}

/** What a device gives to its unit. */
export type AssignedKind = 'temperature' | 'door'

/** Which of a device's temperature sensors is the unit's. */
export type Probe = 'internal' | 'external'

/** Where the device was from validFrom on, until the next version. */
export type DeviceAssignment = {
  /** First instant of this version, UTC ms. */
  validFrom: number
  /** The owner. */
  organizationId: string
  /** The unit that the device measures; null: not assigned from here on. */
  unitId: string | null
  /** What the device gives to the unit; null: decided by its first temperature. */
  kind: AssignedKind | null
  /** Vendor (brand_id) that overrides what the network says. */
  vendor: string | null
  /** Model (model_id) that overrides what the network says. */
  model: string | null
  /** Which sensor is the unit's temperature; null: the decoder's choice. */
  probe: Probe | null
  /** The contact state, 0 or 1, that means an open door; null: the profile's. */
  openIs: number | null
  /** Added to every temperature, °C. */
  calibrationOffset: number
  /** Until when the calibration is valid, UTC ms; null: not known. */
  calibrationValidUntil: number | null
}

/** Every version of a device's assignment, complete: compacted by devEui, published by the registry's outbox. */
export type DeviceAssignments = {
  /** Device EUI, 16 upper-case hex digits. The record key. */
  devEui: string
  /** The device. */
  deviceId: string
  /** Ascending by validFrom. */
  versions: readonly DeviceAssignment[]
}

/** Frame counters of a session. */
export type SeenSession = {
  /** The session. */
  sessionKeyId: string
  /** Newest event time of it, UTC ms: sessions older than the retention are forgotten. */
  lastMs: number
  /** First and last of each run of frame counters, ascending. */
  ranges: readonly number[]
}

/** Something seen at an instant. */
export type SeenDigest = {
  /** Event time, UTC ms. */
  recordedAtMs: number
  /** Of what identifies it, or of its values. */
  digest: number
}

/** Uplinks by identity. */
export type SeenUplinks = {
  /** By session key. */
  sessions: readonly SeenSession[]
  /** Without session key, ascending by event time. */
  digests: readonly SeenDigest[]
}

/** Readings of the device in one unit. */
export type SeenReadings = {
  /** The unit. */
  unitId: string
  /** Of earlier releases: event times ascending, the first since the epoch, then each since the one before, ms. */
  gapsMs: readonly number[]
  /** Of earlier releases: digests of their values, in the same order. */
  digests: readonly number[]
  /** Event time of the first reading in packed, UTC ms. */
  firstMs: number
  /** By event time: the gap to the one before, ms, 7 bits a byte, and the digest of its values, 4 bytes, both lowest first. */
  packed: Buffer
}

/** What was seen, of real uplinks or of simulated ones. */
export type SeenSpace = {
  /** Uplinks that were judged. */
  uplinks: SeenUplinks
  /** Uplinks that no version assigned: forgotten when the assignments change. */
  unassigned: SeenUplinks
  /** By unit. */
  readings: readonly SeenReadings[]
}

/** All that the device stage keeps of one device: its assignments, and which uplinks and readings it has seen. Key: devEui. */
export type DeviceChangelog = {
  /** Device EUI, 16 upper-case hex digits. The record key. */
  devEui: string
  /** Its assignments; null: the registry does not know it. */
  assignments: DeviceAssignments | null
  /** Real uplinks. */
  real: SeenSpace
  /** Simulated uplinks. */
  simulated: SeenSpace
  /** Newest recordedAt of an accepted real reading, UTC ms. */
  newestMs: number | null
}

/** A change of the unit's door. */
export type DoorEvent = {
  /** Derived from what identifies the change: a replay gives the same. */
  id: string
  /** The unit. The record key. */
  unitId: string
  /** The owner. */
  organizationId: string
  /** From 1; a higher one replaces the lower ones of the same id. */
  revision: number
  /** True: a late report showed that it never was. */
  retracted: boolean
  /** The device that reported it. */
  deviceId: string
  /** Instant of the change, UTC ms. */
  recordedAt: number
  /** The new state. */
  doorOpen: boolean
  /** Time in the previous state, s; null for the first report. */
  durationSeconds: number | null
}

/** A door opening from open to closed. */
export type DoorOpening = {
  /** Derived from what identifies the episode: a replay gives the same. */
  id: string
  /** The unit. The record key. */
  unitId: string
  /** The owner. */
  organizationId: string
  /** From 1; a higher one replaces the lower ones of the same id. */
  revision: number
  /** Open, closed or retracted. */
  state: EpisodeState
  /** True: not seen, derived from the sensor's counter. */
  inferred: boolean
  /** UTC ms. */
  openedAt: number
  /** UTC ms; null: open. */
  closedAt: number | null
  /** s; null while open. */
  durationSeconds: number | null
  /** Instant at which it passed the warning limit, UTC ms. */
  warningAt: number | null
  /** Instant at which it passed the critical limit, UTC ms. */
  criticalAt: number | null
}

/** Which limit was passed. */
export type Direction = 'high' | 'low'

/** Temperature out of range in one direction, from the first reading out to the first in. */
export type Excursion = {
  /** Derived from what identifies the episode: a replay gives the same. */
  id: string
  /** The unit. The record key. */
  unitId: string
  /** The owner. */
  organizationId: string
  /** From 1; a higher one replaces the lower ones of the same id. */
  revision: number
  /** Open, closed or retracted. */
  state: EpisodeState
  /** Which limit was passed. */
  direction: Direction
  /** First reading out of range, UTC ms. */
  startedAt: number
  /** Instant of the confirmation, UTC ms; null: not confirmed. */
  confirmedAt: number | null
  /** Instant from which it is critical, UTC ms; null: not critical. */
  criticalAt: number | null
  /** First reading in range again, UTC ms; null: open. */
  endedAt: number | null
  /** Highest (high) or lowest (low) temperature out of range, °C. */
  peak: number
  /** Lowest temperature out of range, °C. */
  min: number
  /** Highest temperature out of range, °C. */
  max: number
  /** Readings out of range. */
  count: number
  /** Start to end, s; null while open in tables: it runs with the clock. */
  durationSeconds: number | null
  /** Part of it with a known temperature, s; while open: up to asOf. */
  knownSeconds: number
  /** Whether time with an unknown temperature is inside. */
  hasUnknown: boolean
  /** Integral beyond the limit over known time, °C·min. */
  degreeMinutes: number
  /** While open: the instant up to which the integrals run, UTC ms. */
  asOf: number | null
}

/** A silence behind the gateway. */
export type KeptGatewaySilence = {
  /** The unit. */
  unitId: string
  /** The silence. */
  silenceId: string
  /** Its revision. */
  revision: number
  /** Last check-in, UTC ms. */
  startedMs: number
  /** The deadline, UTC ms. */
  detectedMs: number
  /** Next check-in, UTC ms; null: open. */
  endedMs: number | null
}

/** An incident that has gone out. */
export type SentIncident = {
  /** What identifies it: the first last check-in of its units, UTC ms. */
  startedMs: number
  /** Of the last record. */
  revision: number
  /** Of its content; null: it was retracted. */
  digest: number | null
}

/** All that the gateway stage keeps of one gateway and owner. Key: gatewayKey. */
export type GatewayChangelog = {
  /** <organizationId>/<gatewayId>. The record key. */
  gatewayKey: string
  /** The gateway. */
  gatewayId: string
  /** The owner; empty before the first silence. */
  organizationId: string
  /** Silences that began before this are only known while they are kept, UTC ms. */
  forgottenToMs: number | null
  /** Open ones, and closed ones for some days. */
  silences: readonly KeptGatewaySilence[]
  /** Incidents that have gone out. */
  sent: readonly SentIncident[]
}

/** Units of one owner that share a gateway and fell silent together. */
export type GatewayIncident = {
  /** Derived from what identifies the incident: a replay gives the same. */
  id: string
  /** <organizationId>/<gatewayId>. The record key. */
  gatewayKey: string
  /** The gateway. */
  gatewayId: string
  /** The owner. */
  organizationId: string
  /** From 1; a higher one replaces the lower ones of the same id. */
  revision: number
  /** Open, closed or retracted. */
  state: EpisodeState
  /** The last check-in that came through the gateway, UTC ms. */
  startedAt: number
  /** From when two of the units are silent at once, UTC ms. */
  detectedAt: number
  /** From when no two of them are any more, UTC ms; null: open. */
  endedAt: number | null
  /** The units, ascending. */
  unitIds: readonly string[]
  /** Their silences, in the order of the units. */
  silenceIds: readonly string[]
}

/** A silence of a unit, told to the gateway that heard its last check-in best. */
export type GatewaySilence = {
  /** <organizationId>/<gatewayId>. The record key. */
  gatewayKey: string
  /** The gateway. */
  gatewayId: string
  /** The owner of the unit. */
  organizationId: string
  /** The unit. */
  unitId: string
  /** The silence. */
  silenceId: string
  /** From 1; a higher one replaces the lower ones of the same silence. */
  revision: number
  /** Open, closed or retracted. */
  state: EpisodeState
  /** Last check-in, UTC ms. */
  startedAt: number
  /** The deadline, UTC ms. */
  detectedAt: number
  /** Next check-in, UTC ms; null: open. */
  endedAt: number | null
}

/** A reading that came beyond the grace period: stored, and its hour is to be repaired from the stored readings. Key: unitId. */
export type LateReading = {
  /** The unit. The record key. */
  unitId: string
  /** The owner. */
  organizationId: string
  /** The device. */
  deviceId: string
  /** Event time, UTC ms. */
  recordedAt: number
  /** When the bridge got it, UTC ms. */
  receivedAt: number
  /** First instant of the local hour that it makes dirty, UTC ms. */
  hourStart: number
}

/** clock: from the future or beyond retention; conflict: another value stands under the same identity; unassigned: no version assigns the device; undecodable: the decoder refused the payload. */
export type QuarantineReason = 'clock' | 'conflict' | 'unassigned' | 'undecodable'

/** A sample that may not become a reading: kept with its reason, never dropped silently. Key: unitId, else devEui. */
export type Quarantined = {
  /** Derived from the sample's identity and values. */
  id: string
  /** The unit, where a version assigns the device. */
  unitId: string | null
  /** The owner, where known. */
  organizationId: string | null
  /** The device, where the registry knows it. */
  deviceId: string | null
  /** Device EUI, 16 upper-case hex digits. */
  devEui: string
  /** Event time that the sample claims, UTC ms. */
  recordedAt: number
  /** When the bridge got it, UTC ms. */
  receivedAt: number
  /** Why. */
  reason: QuarantineReason
  /** What a person can do about it. */
  explanation: string
  /** °C. */
  temperature: number | null
  /** %. */
  humidity: number | null
  /** Door state. */
  doorOpen: boolean | null
  /** Session of the uplink that carried it. */
  sessionKeyId: string | null
  /** Frame counter of the uplink that carried it. */
  fCnt: number | null
  /** Vendor, as the network says. */
  brandId: string | null
  /** Model, as the network says. */
  modelId: string | null
}

/** A record of the topic that the batch carries. */
export type BatchItem = {
  /** Its key. */
  key: string
  /** Its value, framed and encoded as in its own topic. */
  value: Buffer
}

/** Readings of one commit of the device stage for one partition of the unit stage, in the order of what they came from. The unit stage and the sink read it; the same readings stand one a record in `readings`, for everybody else. Key: the partition. */
export type ReadingBatch = {
  /** The records, in order. */
  items: readonly BatchItem[]
}

/** What a device gives to its unit. */
export type DeviceKind = 'temperature' | 'door'

/** One observation of one device in one unit. Key: unitId. A record without any value is a check-in. */
export type Reading = {
  /** The unit that the device was assigned to at recordedAt. The record key. */
  unitId: string
  /** The organization of that assignment. */
  organizationId: string
  /** The device. */
  deviceId: string
  /** Device EUI, 16 upper-case hex digits. */
  devEui: string
  /** What the device gives by its assignment; null: decided by its first temperature. */
  kind: DeviceKind | null
  /** Measuring instant, UTC ms: the uplink's recordedAt, or the sample's own time in replayed history. */
  recordedAt: number
  /** When the bridge got the uplink, UTC ms. */
  receivedAt: number
  /** °C, calibration offset applied. Null: none measured, or the sensor reported a fault. */
  temperature: number | null
  /** Relative humidity, %. */
  humidity: number | null
  /** The door's reported state. */
  doorOpen: boolean | null
  /** The sensor's own counter of openings, where its payload has one. */
  doorOpenCount: number | null
  /** Duration of the last opening by the sensor's own clock, s, where its payload has one. */
  lastOpenSeconds: number | null
  /** Battery level, %. */
  batteryPercent: number | null
  /** Battery voltage, V. */
  batteryVolts: number | null
  /** Strongest received signal strength of the uplink, dBm. */
  rssi: number | null
  /** Signal-to-noise ratio at that gateway, dB. */
  snr: number | null
  /** The gateway that heard the uplink best. */
  gatewayId: string | null
  /** True where the sensor said "no probe" or "fault" in place of a temperature. */
  fault: boolean
  /** True for a sample that the sensor replayed from its memory: no check-in. */
  history: boolean
  /** True for a simulated uplink: stored and marked, it moves nothing. */
  simulated: boolean
  /** Name of the decoder that gave the values, or the fallback's. */
  decoder: string
  /** Version of that decoder. */
  decoderVersion: number
}

/** Length of the window in the unit's local time. */
export type Granularity = 'hour' | 'day' | 'week' | 'month'

/** Mergeable sums of a unit over one local hour, day, ISO week or month. Means are quotients, for the reader to make. */
export type Rollup = {
  /** The unit. The record key. */
  unitId: string
  /** The owner. */
  organizationId: string
  /** Window length. */
  granularity: Granularity
  /** First instant of the window, UTC ms. */
  start: number
  /** First instant after the window, UTC ms. */
  end: number
  /** From 1; a higher one replaces the lower ones of the same window. */
  revision: number
  /** True: a late sample emptied the window. */
  retracted: boolean
  /** True once the clock passed the end by the grace period. */
  isFinal: boolean
  /** The clock up to which the integrals run: the end, or earlier while the window is open, UTC ms. */
  asOf: number
  /** Temperature readings. */
  count: number
  /** Lowest reading, °C; null without a reading. */
  min: number | null
  /** Highest reading, °C; null without a reading. */
  max: number | null
  /** Sum of the readings, °C. */
  sum: number
  /** Sum of the squared readings, °C². */
  sumSquares: number
  /** Time with a known temperature, s. */
  knownSeconds: number
  /** Integral of the held temperature over known time, °C·s. */
  weightedSum: number
  /** Σ Δt·exp(−10000/T), T in kelvin, Δt in s. */
  mktNumerator: number
  /** Σ Δt, s. */
  mktDenominator: number
  /** Known time above the upper limit, s. */
  secondsAbove: number
  /** Known time below the lower limit, s. */
  secondsBelow: number
  /** Integral above the upper limit, °C·min. */
  degreeMinutesAbove: number
  /** Integral below the lower limit, °C·min. */
  degreeMinutesBelow: number
  /** Temperature readings out of range. */
  readingsOutOfRange: number
  /** Door openings that started in the window. */
  doorOpenings: number
  /** Door-open time inside the window, s. */
  doorOpenSeconds: number
  /** Humidity readings. */
  humidityCount: number
  /** Sum of the humidity readings, %. */
  humiditySum: number
  /** Lowest humidity, %. */
  humidityMin: number | null
  /** Highest humidity, %. */
  humidityMax: number | null
}

/** A unit without a check-in of any device that gives its temperature. */
export type Silence = {
  /** Derived from what identifies the episode: a replay gives the same. */
  id: string
  /** The unit. The record key. */
  unitId: string
  /** The owner. */
  organizationId: string
  /** From 1; a higher one replaces the lower ones of the same id. */
  revision: number
  /** Open, closed or retracted. */
  state: EpisodeState
  /** Last check-in, UTC ms. */
  startedAt: number
  /** The deadline: last check-in plus hold limit, UTC ms. */
  detectedAt: number
  /** UTC ms. */
  warningAt: number | null
  /** UTC ms. */
  criticalAt: number | null
  /** Next check-in, UTC ms; null: open. */
  endedAt: number | null
  /** Last check-in to next, s; null while open. */
  durationSeconds: number | null
  /** At its end; null while open. */
  missedCheckins: number | null
}

/** Urgency of an alert. */
export type Severity = 'info' | 'warning' | 'critical'

/** When alerts may open, in the unit's local time. */
export type Schedule = {
  /** Days of the week, 0 Sunday to 6 Saturday. */
  days: readonly number[]
  /** First local hour, 0 to 24. */
  startHour: number
  /** End hour, exclusive, 0 to 24; at or below startHour: over midnight. */
  endHour: number
}

/** Time beyond a limit that may be used up: in one stretch, within a local day, or for a lot. */
export type Budget = {
  /** What it is called; tells the budgets of a rule apart. */
  name: string
  /** Which side of the limit counts. */
  side: BudgetSide
  /** The limit, °C. */
  limit: number
  /** True: the limit itself counts, too. */
  atLimit: boolean
  /** What the time is added up over. */
  over: BudgetSpan
  /** The lot, where it is over one: another name begins anew. */
  lot: string | null
  /** Known minutes beyond the limit after which it has run out. */
  minutes: number
}

/** The effective rule from validFrom on; each version complete. */
export type Rule = {
  /** First instant of this version, UTC ms. */
  validFrom: number
  /** Lowest temperature in range, °C; null: no lower limit. */
  tempMin: number | null
  /** Highest temperature in range, °C; null: no upper limit. */
  tempMax: number | null
  /** Minutes out of range until confirmation while the door is closed or unknown; null: 0. */
  excursionConfirmMinutesDoorClosed: number | null
  /** The same while the door is open; null: as closed. */
  excursionConfirmMinutesDoorOpen: number | null
  /** Door-open minutes a local day that may mask; null: unlimited. */
  doorOpenMaxMaskMinutesPerDay: number | null
  /** Minutes after the start at which a confirmed excursion is critical; null: never. */
  maxExcursionMinutes: number | null
  /** Minutes open until the warning; null: never. */
  doorOpenWarningMinutes: number | null
  /** Minutes open until it is critical; null: never. */
  doorOpenCriticalMinutes: number | null
  /** Expected seconds between check-ins; null: no hold limit and no silence. */
  expectedReadingIntervalSeconds: number | null
  /** Expected intervals until the hold limit; null: 1. */
  offlineTriggerMultiplier: number | null
  /** Minutes added to the hold limit; null: 0. */
  offlineTriggerAdditionalMinutes: number | null
  /** Missed check-ins until a silence warns; null: never. */
  offlineWarningMissedCheckins: number | null
  /** Missed check-ins until a silence is critical; null: never. */
  offlineCriticalMissedCheckins: number | null
  /** Minutes between manual logs; null: none required. */
  manualIntervalMinutes: number | null
  /** Minutes after which a missing manual log is overdue; null: 0. */
  manualGraceMinutes: number | null
  /** True: manual logs are required only while the unit is silent; null: always. */
  manualOnlyWhenSilent: boolean | null
  /** Battery level at or below which it is low, %; null: never. */
  lowBatteryPercent: number | null
  /** Battery voltage at or below which it is low, V; null: never. */
  lowBatteryVolts: number | null
  /** How far above the limit a low battery has recovered, %; null: 5. */
  batteryHysteresisPercent: number | null
  /** How far above the limit a low battery has recovered, V; null: 0.1. */
  batteryHysteresisVolts: number | null
  /** Equal temperatures of a device in a row that make it a stuck sensor; null: however few. */
  faultStuckReadings: number | null
  /** Minutes over which they are equal; null: however short. Both null: never. */
  faultStuckMinutes: number | null
  /** Difference to a device's previous temperature that is implausible, °C; null: never. */
  faultJumpC: number | null
  /** Minutes without a check-in after which a device is silent while others of its unit still check in; null: never. */
  deviceSilentMinutes: number | null
  /** Days before a device's calibration ends that it is due; null: 0. */
  calibrationNoticeDays: number | null
  /** Minutes between a cause's confirmation and its alert, and of restoring after an excursion; null: 0. */
  delayMinutes: number | null
  /** Severity of the alerts; null: warning. */
  severity: Severity | null
  /** Minutes after an alert opened at which it is escalated while nobody has acknowledged it, one for each level, ascending; null: never. */
  escalationMinutes: readonly number[] | null
  /** Null: always. */
  schedule: Schedule | null
  /** Budgets of time out of range; null: none. */
  budgets: readonly Budget[] | null
}

/** A device in the unit, from validFrom to before validUntil, under one version of its assignment. */
export type UnitDevice = {
  /** The device. */
  deviceId: string
  /** First instant of this version, UTC ms. */
  validFrom: number
  /** First instant of the next version, UTC ms; null: there is none. */
  validUntil: number | null
  /** Until when its calibration is valid, UTC ms; null: not known. */
  calibrationValidUntil: number | null
  /** Minutes without a check-in after which this device is silent, in place of the rule's deviceSilentMinutes; null: the rule's. */
  silentMinutes: number | null
}

/** Every version of a unit's effective rule, resolved organization, site, unit: compacted by unitId. */
export type UnitConfig = {
  /** The unit. The record key. */
  unitId: string
  /** The owner. */
  organizationId: string
  /** The site. */
  siteId: string
  /** IANA time zone that cuts hours, days, weeks, months, schedules and daily budgets. */
  timeZone: string
  /** Ascending by validFrom. */
  versions: readonly Rule[]
  /** Which devices are in the unit when, ascending; empty: not known. */
  devices: readonly UnitDevice[]
}

/** The value that the series holds. */
export type KeptValue = {
  /** °C. */
  valueC: number
  /** Instant of the reading, UTC ms. */
  recordedMs: number
  /** Integrals are complete up to here, UTC ms. */
  countedMs: number
  /** True: past the hold limit, unknown. */
  lapsed: boolean
}

/** An open alert. */
export type KeptAlert = {
  /** What it is about. */
  alertType: AlertType
  /** Urgency. */
  severity: Severity
  /** UTC ms. */
  triggeredMs: number
  /** Instants of the levels of escalation, UTC ms. */
  escalatedMs: readonly number[]
  /** UTC ms; null: not acknowledged. */
  acknowledgedMs: number | null
}

/** An open excursion. */
export type KeptExcursion = {
  /** Its start, UTC ms. */
  atMs: number
  /** Which limit was passed. */
  direction: Direction
  /** Excursions of the same instant before it. */
  ordinal: number
  /** UTC ms. */
  confirmedMs: number | null
  /** UTC ms. */
  criticalMs: number | null
  /** Lowest reading out of range, °C. */
  minC: number
  /** Highest reading out of range, °C. */
  maxC: number
  /** Readings out of range. */
  count: number
  /** Known time, ms. */
  knownMs: number
  /** Integral beyond the limit, °C·min. */
  degreeMinutes: number
  /** The alert on it. */
  alert: KeptAlert | null
  /** When its alert is due, UTC ms; null: it is not. */
  alertDueMs: number | null
}

/** An open door opening. */
export type KeptOpening = {
  /** Its start, UTC ms. */
  atMs: number
  /** Openings of the same instant before it. */
  ordinal: number
  /** UTC ms. */
  warningMs: number | null
  /** UTC ms. */
  criticalMs: number | null
  /** The alert on it. */
  alert: KeptAlert | null
  /** When its alert is due, UTC ms; null: it is not. */
  alertDueMs: number | null
}

/** The unit's door. */
export type KeptDoor = {
  /** Its last report. */
  isOpen: boolean
  /** Instant of the last change, UTC ms. */
  sinceMs: number
  /** Open time is counted up to here, UTC ms. */
  countedMs: number
  /** The open opening. */
  opening: KeptOpening | null
  /** Start of the last opening, UTC ms. */
  lastOpenedMs: number | null
  /** Ordinal of the last opening. */
  lastOrdinal: number
}

/** A door sensor's own counter of openings. */
export type KeptCounter = {
  /** The device. */
  deviceId: string
  /** The counter at its last report. */
  openings: number
  /** Openings of its that were seen since. */
  seen: number
}

/** An open silence. */
export type KeptSilence = {
  /** The last check-in, UTC ms. */
  atMs: number
  /** The deadline, UTC ms. */
  detectedMs: number
  /** The gateway that heard the last check-in best. */
  gatewayId: string | null
  /** UTC ms. */
  warningMs: number | null
  /** UTC ms. */
  criticalMs: number | null
  /** The alert on it. */
  alert: KeptAlert | null
  /** When its alert is due, UTC ms; null: it is not. */
  alertDueMs: number | null
}

/** An open cause of alerts that has no topic of its own. */
export type KeptCondition = {
  /** Its start, UTC ms. */
  atMs: number
  /** Since when it is certain, UTC ms. */
  confirmedMs: number
  /** What tells it apart: reason and device. */
  tag: string
  /** The value that it was last judged by, in the unit of its reason. */
  level: number | null
  /** Its alert. */
  alert: KeptAlert | null
  /** When its alert is due, UTC ms; null: never. */
  alertDueMs: number | null
}

/** What is watched of one of the unit's devices. */
export type KeptSensor = {
  /** The device. */
  deviceId: string
  /** Its last temperature, °C; null: none is watched. */
  valueC: number | null
  /** When it was measured, UTC ms. */
  recordedMs: number | null
  /** Since when it has been equal, UTC ms. */
  sinceMs: number | null
  /** How many equal ones in a row. */
  readings: number
  /** A low battery. */
  battery: KeptCondition | null
  /** A sensor fault. */
  fault: KeptCondition | null
  /** A calibration that is due. */
  calibration: KeptCondition | null
  /** Its last check-in, UTC ms; null: its silence is not watched, or it has not been seen. */
  seenMs: number | null
  /** Its silence while others of the unit check in. */
  silence: KeptCondition | null
}

/** When anything of the unit was heard. */
export type KeptHeard = {
  /** The last check-in of any device, UTC ms. */
  lastMs: number
  /** The first one after none for the limit of the device that it was of, UTC ms: silences count from there. */
  sinceMs: number
}

/** What it is. */
export type FactKind = 'excursion' | 'door_event' | 'door_opening' | 'silence' | 'status' | 'alert' | 'hour' | 'day' | 'week' | 'month' | 'gateway_silence' | 'budget'

/** What identifies a fact of the unit. */
export type FactKey = {
  /** What it is. */
  kind: FactKind
  /** The instant that identifies it, UTC ms. */
  atMs: number
  /** Tells apart facts of one kind and instant. */
  tag: string
}

/** The time after a confirmed excursion. */
export type KeptRestoring = {
  /** Its end, UTC ms. */
  sinceMs: number
  /** The excursion. */
  cause: FactKey
}

/** Lowest first. */
export type UnitStatus = 'ok' | 'manual_required' | 'restoring' | 'excursion' | 'monitoring_interrupted' | 'offline' | 'alarm_active'

/** The additive sums of a window. */
export type KeptSums = {
  /** Temperature readings. */
  count: number
  /** Lowest, °C. */
  minC: number | null
  /** Highest, °C. */
  maxC: number | null
  /** Their sum, °C. */
  sumC: number
  /** Sum of their squares, °C². */
  sumSquares: number
  /** Time with a known temperature, ms. */
  knownMs: number
  /** Integral of the held value, °C·s. */
  weightedSum: number
  /** Σ Δt·exp(−10000/T), s. */
  mktNumerator: number
  /** Known time above the upper limit, ms. */
  aboveMs: number
  /** Known time below the lower limit, ms. */
  belowMs: number
  /** Integral above the upper limit, °C·min. */
  degreeMinutesAbove: number | null
  /** Integral below the lower limit, °C·min. */
  degreeMinutesBelow: number | null
  /** Readings out of range. */
  outOfRange: number
  /** Openings that started. */
  doorOpenings: number
  /** Door-open time, ms. */
  doorOpenMs: number
  /** Humidity readings. */
  humidityCount: number
  /** Their sum, %. */
  humiditySum: number | null
  /** Lowest, %. */
  humidityMin: number | null
  /** Highest, %. */
  humidityMax: number | null
  /** In place of minC where hundredths say it exactly. */
  minCenti: number | null
  /** In place of maxC. */
  maxCenti: number | null
  /** In place of humidityMin. */
  humidityMinCenti: number | null
  /** In place of humidityMax. */
  humidityMaxCenti: number | null
}

/** An open window. */
export type KeptWindow = {
  /** Its first instant, UTC ms. */
  atMs: number
  /** The first instant after it, UTC ms. */
  endMs: number
  /** Of the hour its own; of a longer window those of the complete shorter ones. Null: empty. */
  sums: KeptSums | null
}

/** The use of a budget, running or cut by the end of a day. */
export type KeptBudget = {
  /** First instant beyond the limit, UTC ms. */
  atMs: number
  /** The budget. */
  name: string
  /** Which side of the limit counts. */
  side: BudgetSide
  /** The limit, °C. */
  limitC: number
  /** What the time is added up over. */
  over: BudgetSpan
  /** The lot. */
  lot: string | null
  /** Known ms after which it has run out. */
  budgetMs: number
  /** Known ms beyond the limit until the value's countedMs. */
  usedMs: number
  /** When it ran out, UTC ms; null: it has not. */
  exceededMs: number | null
  /** End of its local day, where that is at the checkpoint, UTC ms; null: open. */
  endedMs: number | null
  /** Its alert, once triggered. */
  alert: KeptAlert | null
  /** When its alert is due, UTC ms; null: never. */
  alertDueMs: number | null
}

/** What the fold of the unit knew at the checkpoint. */
export type KeptFold = {
  /** Instant of its last event, UTC ms. */
  positionMs: number
  /** Windows are cut up to here, UTC ms. */
  movedToMs: number
  /** The last instant at which anything was added to the windows, UTC ms. */
  ranToMs: number | null
  /** True: a configuration came that the fold has yet to judge by. */
  versionIsNew: boolean
  /** Null: no reading yet. */
  held: KeptValue | null
  /** The open excursion. */
  excursion: KeptExcursion | null
  /** Start of the last excursion, UTC ms. */
  lastExcursionMs: number | null
  /** Ordinal of the last excursion. */
  lastExcursionOrdinal: number
  /** Null: unknown. */
  door: KeptDoor | null
  /** By device. */
  counters: readonly KeptCounter[]
  /** Devices without a kind that have given a temperature. */
  thermometers: readonly string[]
  /** The same by their places; an older state has `thermometers`. */
  thermometerDevices: readonly number[]
  /** Last check-in of a device that gives the temperature, UTC ms. */
  lastSeenMs: number | null
  /** The open silence. */
  silence: KeptSilence | null
  /** The gateway that heard the last check-in best. */
  lastSeenGatewayId: string | null
  /** Devices that are watched. */
  sensors: readonly KeptSensor[]
  /** Null: no device's silence is watched. */
  heard: KeptHeard | null
  /** Since when manual logs are required, UTC ms; null: they are not. */
  manualSinceMs: number | null
  /** The last manual log, UTC ms. */
  loggedMs: number | null
  /** A manual log that is overdue. */
  missedLog: KeptCondition | null
  /** Null: not restoring. */
  restoring: KeptRestoring | null
  /** Whether there was an observation. */
  hasStarted: boolean
  /** The status; null before the first observation. */
  status: UnitStatus | null
  /** The open hour; null before the first observation. */
  hour: KeptWindow | null
  /** The open day. */
  day: KeptWindow | null
  /** The open ISO week. */
  week: KeptWindow | null
  /** The open month. */
  month: KeptWindow | null
  /** Uses of budgets that have begun. */
  budgets: readonly KeptBudget[]
}

/** A reading since the checkpoint, as far as it matters to the fold. */
export type KeptRecord = {
  /** Event time, UTC ms. */
  timeMs: number
  /** Position of the device in `devices`. */
  device: number
  /** What the device gives by its assignment. */
  kind: DeviceKind | null
  /** °C. */
  temperatureC: number | null
  /** %. */
  humidity: number | null
  /** Door state. */
  doorOpen: boolean | null
  /** The sensor's own counter of openings. */
  doorOpenCount: number | null
  /** s. */
  lastOpenSeconds: number | null
  /** %. */
  batteryPercent: number | null
  /** V. */
  batteryVolts: number | null
  /** True: no probe, or a fault. */
  fault: boolean
  /** Place of the gateway in `gateways`; -1: none. */
  gateway: number
  /** True: no check-in. */
  history: boolean
}

/** A device, what it gives, and the gateway that heard it best. */
export type KeptSender = {
  /** Place of the device. */
  device: number
  /** Place in `gateways`; -1: none. */
  gateway: number
  /** What it gives by its assignment. */
  kind: DeviceKind | null
}

/** What few samples have. */
export type KeptMore = {
  /** °C, where hundredths would not be exact. */
  temperatureC: number | null
  /** %, where hundredths would not be exact. */
  humidity: number | null
  /** The sensor's own counter of openings. */
  doorOpenCount: number | null
  /** s. */
  lastOpenSeconds: number | null
  /** %. */
  batteryPercent: number | null
  /** V. */
  batteryVolts: number | null
  /** True: no probe, or a fault. */
  fault: boolean
  /** True: no check-in. */
  history: boolean
}

/** A reading since the checkpoint, as far as it matters to the fold. */
export type KeptSample = {
  /** Event time, ms after the sample before; of the first, UTC ms. */
  afterMs: number
  /** Place in `senders`. */
  sender: number
  /** 1/100 °C, where that is exact. */
  centiC: number | null
  /** 1/100 %, where that is exact. */
  centiHumidity: number | null
  /** Door state. */
  doorOpen: boolean | null
  /** Null: none of it. */
  more: KeptMore | null
}

/** What a person has said of the unit. */
export type KeptEntry = {
  /** Its instant, UTC ms. */
  atMs: number
  /** The alert that it acknowledges; null: a manual log. */
  alertId: string | null
}

/** A fact that went out and can still change. */
export type SentFact = {
  /** What it is. */
  kind: FactKind
  /** The instant that identifies it, UTC ms. */
  atMs: number
  /** Tells apart facts of one kind and instant. */
  tag: string
  /** The last one that went out. */
  revision: number
  /** Of the content that went out last; null: it was retracted. */
  digest: number | null
  /** From atMs to the instant from which it cannot change, ms; null: open. */
  closedForMs: number | null
}

/** A fact that went out and can still change. */
export type ToldFact = {
  /** What it is. */
  kind: FactKind
  /** The instant that identifies it, ms after that of the fact before; of the first, UTC ms. */
  afterMs: number
  /** Tells apart facts of one kind and instant. */
  tag: string
  /** The last one that went out. */
  revision: number
  /** Of the content that went out last; -1: it was retracted. */
  digest: number
  /** From its instant to that from which it cannot change, ms; null: open. */
  closedForMs: number | null
}

/** All that the unit stage keeps of one unit: the fold at the checkpoint, the records since, and what has gone out. Key: unitId. */
export type UnitChangelog = {
  /** When the unit's next timer is due, UTC ms; null: none. The first field, so that a restore reads it alone. */
  nextTimerMs: number | null
  /** The unit. The record key. */
  unitId: string
  /** The owner; empty before the first reading or configuration. */
  organizationId: string
  /** The unit's configuration. */
  config: UnitConfig | null
  /** Newest real recordedAt, UTC ms. */
  newestMs: number | null
  /** The latest clock that timers were fired for, UTC ms. */
  clockMs: number | null
  /** The fold at newest − grace; null: nothing is that old. */
  checkpoint: KeptFold | null
  /** Devices that the configuration does not name: their places come after those that it does. Of an older state: those of `records`. */
  devices: readonly string[]
  /** Gateways, each once. */
  gateways: readonly string[]
  /** The readings since, in order, of an older state; now `samples`. */
  records: readonly KeptRecord[]
  /** Of the samples, each once. */
  senders: readonly KeptSender[]
  /** The readings since, in order. */
  samples: readonly KeptSample[]
  /** Manual logs and acknowledgements that the checkpoint has not passed, ascending. */
  entries: readonly KeptEntry[]
  /** What has gone out and can still change, of an older state; now `told`. */
  sent: readonly SentFact[]
  /** What has gone out and can still change. */
  told: readonly ToldFact[]
}

/** What a person says of a unit: a manual log, or that an alert was seen. Written by the registry's outbox. */
export type UnitEntry = {
  /** The unit. The record key. */
  unitId: string
  /** The owner. */
  organizationId: string
  /** Of the entry; the same entry may come more than once. */
  id: string
  /** When it was measured, or seen, UTC ms. */
  at: number
  /** The alert that it acknowledges; null: it is a manual log. */
  alertId: string | null
  /** The temperature that was read by hand, °C. */
  temperature: number | null
}

/** A change of a unit's status. */
export type UnitStatusChange = {
  /** Derived from what identifies the change: a replay gives the same. */
  id: string
  /** The unit. The record key. */
  unitId: string
  /** The owner. */
  organizationId: string
  /** From 1; a higher one replaces the lower ones of the same id. */
  revision: number
  /** True: a late sample showed that it never was. */
  retracted: boolean
  /** Instant of the change, UTC ms. */
  at: number
  /** The new status. */
  status: UnitStatus
  /** The excursion or silence behind it. */
  causeId: string | null
}

/** uplink: a data message; join: a session started; other: kept, not understood yet. */
export type UplinkType = 'uplink' | 'join' | 'other'

/** How one gateway heard the message. */
export type GatewayReception = {
  /** gateway_ids.gateway_id. */
  gatewayId: string
  /** gateway_ids.eui, 16 upper-case hex digits. */
  gatewayEui: string | null
  /** Received signal strength, dBm; absent in the JSON means 0. */
  rssi: number | null
  /** Signal-to-noise ratio, dB. */
  snr: number | null
}

/** One message of the network as The Things Stack sent it: the source of truth for every replay. Key: devEui. */
export type Uplink = {
  /** What the network said. */
  type: UplinkType
  /** Device EUI, 16 upper-case hex digits. The record key. */
  devEui: string
  /** The configured connection (webhook path segment) through which the message came. */
  connectionId: string
  /** The Things Stack application_ids.application_id. */
  applicationId: string | null
  /** The Things Stack end_device_ids.device_id, unique inside the application. */
  deviceName: string | null
  /** Join EUI, 16 upper-case hex digits. */
  joinEui: string | null
  /** LoRaWAN device address of the session, 8 upper-case hex digits. */
  devAddr: string | null
  /** Event time, UTC ms: the network server's receive time (uplink_message.received_at, else the envelope's received_at). */
  recordedAt: number
  /** When the bridge got the message, UTC ms, by the bridge's clock. */
  receivedAt: number
  /** LoRaWAN session key id; a join starts a new one. Part of the uplink's identity. */
  sessionKeyId: string | null
  /** Frame counter inside the session; absent in the JSON means 0. Part of the uplink's identity. */
  fCnt: number
  /** LoRaWAN application port, 1 to 223; null where the frame had none. */
  fPort: number | null
  /** Whether the device asked for an acknowledgement. */
  confirmed: boolean
  /** frm_payload verbatim, decrypted; empty where the frame carried none. */
  payload: Buffer
  /** decoded_payload of the network's own formatter, as JSON text. */
  decodedPayload: string | null
  /** normalized_payload of the network's own formatter, as JSON text. */
  normalizedPayload: string | null
  /** True for uplinks made by the console or the API: stored and marked, they move nothing. */
  simulated: boolean
  /** version_ids.brand_id of the device repository, the vendor. */
  brandId: string | null
  /** version_ids.model_id of the device repository. */
  modelId: string | null
  /** version_ids.hardware_version. */
  hardwareVersion: string | null
  /** version_ids.firmware_version. */
  firmwareVersion: string | null
  /** Last battery level the network server knows (last_battery_percentage), %. */
  batteryPercent: number | null
  /** Every gateway that heard the message, in the network's order. */
  gateways: readonly GatewayReception[]
  /** LoRa spreading factor, 7 to 12. */
  spreadingFactor: number | null
  /** LoRa bandwidth, Hz. */
  bandwidthHz: number | null
  /** LoRa coding rate such as 4/5. */
  codingRate: string | null
  /** Carrier frequency, Hz. */
  frequencyHz: number | null
  /** consumed_airtime, ms. */
  airtimeMs: number | null
  /** network_ids.net_id, hex, with the tenant and cluster after slashes where known. */
  networkId: string | null
  /** The network's correlation ids, for support. */
  correlationIds: readonly string[]
  /** The whole message as JSON text where type is other; null elsewhere. */
  body: string | null
}

/** How far one task's event time has come: everything before it has been handled and its outputs are committed. Key: <stage>/<partition>. */
export type Watermark = {
  /** The stage. */
  stage: string
  /** The partition of its stream. */
  partition: number
  /** The task's clock, UTC ms. It never goes back. */
  clock: number
  /** Whether the task had read its stream to the end. */
  caughtUp: boolean
  /** Everything that was written to the partition before this instant has been taken, UTC ms; 0: not said. Caught up: when the end was looked up. It paces the processes through a backlog. */
  takenTo: number
}

/** The value type of every topic, by the topic's name without prefix. */
export type TopicValues = {
  'alerts': Alert
  'budgets': BudgetUse
  'dead-letters': DeadLetter
  'device-changelog': DeviceChangelog
  'devices': DeviceAssignments
  'door-events': DoorEvent
  'door-openings': DoorOpening
  'excursions': Excursion
  'gateway-changelog': GatewayChangelog
  'gateway-incidents': GatewayIncident
  'gateway-silences': GatewaySilence
  'late-readings': LateReading
  'quarantine': Quarantined
  'reading-batches': ReadingBatch
  'readings': Reading
  'rollups': Rollup
  'silences': Silence
  'unit-changelog': UnitChangelog
  'unit-configs': UnitConfig
  'unit-entries': UnitEntry
  'unit-status': UnitStatusChange
  'uplinks': Uplink
  'watermarks': Watermark
}

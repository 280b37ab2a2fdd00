// Units with everything that a rule can say, drawn by a seed: batteries, faults, calibrations, manual logs, acknowledgements,
// counters of doors, schedules; with late samples, late versions, commits and restarts. Instants lie on a grid of five minutes,
// so that things coincide.
import { noRule } from '../../processors/limits.ts'
import { type Random, random } from '../../processors/testing/worlds.ts'
import { hours, minutes, type Sample, UnitDriver, zoned } from '../../processors/unit-driver.ts'
import type { Rule, UnitConfig } from '../../schemas/generated/types.ts'

/** A Sunday of a change of the clock in Berlin, just before it. */
const START_MS = Date.UTC(2026, 9, 24, 22)
const STEPS = 60
const atStep = (step: number): number => START_MS + minutes(5 * step)

function drawRule(r: Random, validFrom: number): Rule {
  const maybe = <T>(...values: T[]): T | null => (r.chance(0.6) ? r.pick(values) : null)
  return {
    ...noRule,
    validFrom,
    ...{ tempMin: maybe(2, 1), tempMax: maybe(8, 7.9) },
    ...{ excursionConfirmMinutesDoorClosed: maybe(0, 5, 15), excursionConfirmMinutesDoorOpen: maybe(10, 30) },
    ...{ doorOpenMaxMaskMinutesPerDay: maybe(0, 5, 20), maxExcursionMinutes: maybe(15, 40) },
    ...{ doorOpenWarningMinutes: maybe(5, 15), doorOpenCriticalMinutes: maybe(10, 5) },
    ...{ expectedReadingIntervalSeconds: maybe(300, 600), offlineTriggerMultiplier: maybe(1, 2.5) },
    ...{ offlineTriggerAdditionalMinutes: maybe(5), offlineWarningMissedCheckins: maybe(0, 1, 3) },
    ...{ offlineCriticalMissedCheckins: maybe(0, 4), delayMinutes: maybe(0, 5, 20) },
    ...{ manualIntervalMinutes: maybe(30, 60), manualGraceMinutes: maybe(5) },
    ...{
      manualOnlyWhenSilent: maybe(true, false),
      lowBatteryPercent: maybe(20, 10),
      lowBatteryVolts: maybe(3),
    },
    ...{ batteryHysteresisPercent: maybe(10), batteryHysteresisVolts: maybe(0.2) },
    ...{ faultStuckReadings: maybe(2, 3), faultStuckMinutes: maybe(10), faultJumpC: maybe(4) },
    deviceSilentMinutes: maybe(10, 30),
    ...{ calibrationNoticeDays: maybe(0, 1 / 24), escalationMinutes: maybe([5], [10, 20], [0]) },
    severity: maybe('critical'),
    schedule: maybe(
      { days: [0], startHour: 1, endHour: 4 },
      { days: [0, 6], startHour: 2.5, endHour: 2 },
      { days: [1], startHour: 0, endHour: 24 },
    ),
  } as Rule
}

function drawConfig(r: Random, rules: readonly Rule[]): UnitConfig {
  const span = (deviceId: string, validFrom: number, validUntil: number | null) => ({
    ...{ deviceId, validFrom, validUntil },
    calibrationValidUntil: r.chance(0.5) ? atStep(r.below(STEPS)) : null,
    silentMinutes: r.chance(0.3) ? 15 : null,
  })
  const leaves = atStep(r.below(STEPS))
  const devices = [span('a', 0, leaves), span('b', 0, null), span('a', leaves + minutes(20), null)]
  const zone = r.pick(['Europe/Berlin', 'UTC', 'Asia/Kathmandu', 'America/Havana'])
  return { ...zoned(zone, ...rules), devices: r.chance(0.5) ? devices : [] }
}

function drawSample(r: Random, step: number): Sample {
  const maybe = <T>(probability: number, ...values: T[]): T | null =>
    r.chance(probability) ? r.pick(values) : null
  const fault = r.chance(0.05)
  return {
    ...{ at: atStep(step), device: r.pick(['a', 'b', 'c']), fault },
    kind: r.pick([null, null, 'temperature', 'door']),
    temperature: fault ? null : maybe(0.7, -3, 2, 5, 5, 5, 8, 8.1, 9.3, 13),
    ...{ humidity: maybe(0.2, 30, 55.5), doorOpen: maybe(0.3, true, false), history: r.chance(0.1) },
    doorOpenCount: maybe(0.3, Math.floor(step / 3), Math.floor(step / 4), 0, 2, 200),
    ...{ lastOpenSeconds: maybe(0.2, 20), batteryPercent: maybe(0.2, 5, 20, 25, 30, 90) },
    ...{ batteryVolts: maybe(0.2, 2.9, 3, 3.1, 3.25), gatewayId: maybe(0.8, 'roof', 'cellar') },
  }
}

/** Somebody logs a temperature, or has seen one of the alerts that went out. */
function enter(unit: UnitDriver, r: Random, step: number): void {
  const alerts = unit.last('alerts')
  unit.enter(atStep(step), alerts.length > 0 && r.chance(0.7) ? r.pick(alerts).id : null)
}

export function drawnUnit(seed: number): unknown {
  const r = random(seed + 0.25)
  const rules = Array.from({ length: r.below(4) }, (_, n) =>
    drawRule(r, n === 0 ? 0 : atStep(r.below(STEPS))),
  )
  const config = drawConfig(r, rules)
  const isLateVersion = rules.length > 1 && r.chance(0.3)
  const first = isLateVersion ? { ...config, versions: config.versions.slice(0, -1) } : config
  const unit = new UnitDriver(first, { graceMs: r.pick([hours(1), hours(2), hours(24)]) })
  const samples = new Map<string, Sample>()
  for (let n = r.below(70); n > 0; n--) {
    const sample = drawSample(r, r.below(STEPS))
    samples.set(`${sample.at} ${sample.device}`, sample)
  }
  const log = [...samples.values()]
    .map((sample) => ({ sample, rank: Number(sample.at) + (r.chance(0.2) ? minutes(r.below(90)) : 0) }))
    .sort((a, b) => a.rank - b.rank)
  const versionAt = r.below(log.length + 1)
  log.forEach(({ sample, rank }, nth) => {
    if (isLateVersion && nth === versionAt) unit.configure(config)
    unit.pipe(sample)
    if (r.chance(0.3)) unit.advanceTo(rank)
    if (r.chance(0.1)) enter(unit, r, r.below(STEPS))
    if (r.chance(0.1)) unit.restart()
  })
  unit.advanceTo(atStep(STEPS))
  unit.lookAt(atStep(STEPS) + (r.chance(0.3) ? hours(30) : 0))
  return [unit.sent, unit.nextTimer()]
}

// The unit stage against a model that goes through time second by second, on small random worlds that arrive out of order,
// in batches, with restarts in between. COLDSTREAM_FUZZ=10000 runs that many; COLDSTREAM_FUZZ_FROM starts at another seed.
import { expect, test } from 'vitest'
import { noRule } from '../processors/limits.ts'
import { SlowUnit } from '../processors/testing/slow-model.ts'
import { type SlowRule, type SlowWorld, slowWorld } from '../processors/testing/slow-worlds.ts'
import { type Random, random } from '../processors/testing/worlds.ts'
import { hours, UnitDriver, zoned } from '../processors/unit-driver.ts'
import type { Rule } from '../schemas/generated/types.ts'

const count = Number(process.env.COLDSTREAM_FUZZ ?? 300)
const first = Number(process.env.COLDSTREAM_FUZZ_FROM ?? 0)

const orNull = (value: number, unit = 1): number | null => (Number.isFinite(value) ? value / unit : null)

const ruleOf = (rule: SlowRule): Rule => ({
  ...noRule,
  validFrom: rule.fromS * 1000,
  tempMin: orNull(rule.tempMin),
  tempMax: orNull(rule.tempMax),
  excursionConfirmMinutesDoorClosed: rule.confirmClosedS / 60,
  excursionConfirmMinutesDoorOpen: rule.confirmOpenS / 60,
  doorOpenMaxMaskMinutesPerDay: orNull(rule.maskS, 60),
  maxExcursionMinutes: orNull(rule.maxS, 60),
  doorOpenWarningMinutes: orNull(rule.doorWarningS, 60),
  doorOpenCriticalMinutes: orNull(rule.doorCriticalS, 60),
  expectedReadingIntervalSeconds: orNull(rule.intervalS),
  offlineTriggerMultiplier: Number.isFinite(rule.holdS) ? Math.floor(rule.holdS / rule.intervalS) : null,
  offlineTriggerAdditionalMinutes: Number.isFinite(rule.holdS) ? (rule.holdS % rule.intervalS) / 60 : null,
  offlineWarningMissedCheckins: orNull(rule.silenceWarningS, rule.intervalS),
  offlineCriticalMissedCheckins: orNull(rule.silenceCriticalS, rule.intervalS),
  delayMinutes: rule.delayS / 60,
  budgets: rule.budgets,
})

/** As a network and a runtime do it: late within grace, in commits, with a restart now and then. */
function staged(world: SlowWorld, r: Random): UnitDriver {
  const unit = new UnitDriver(zoned(world.timeZone, ...world.rules.map(ruleOf)), { graceMs: hours(2) })
  const isPrompt = r.chance(0.3)
  const log = world.samples
    .map((sample) => ({ sample, arrivalS: sample.atS + (isPrompt || r.chance(0.7) ? 0 : r.below(7200)) }))
    .sort((a, b) => a.arrivalS - b.arrivalS)
  for (const { sample, arrivalS } of log) {
    const { atS, ...values } = sample
    unit.pipe({ at: atS * 1000, ...values })
    if (r.chance(0.3)) unit.advanceTo(Math.min(arrivalS, world.endS) * 1000 - 1)
    if (r.chance(0.05)) unit.restart()
  }
  return unit.lookAt(world.endS * 1000)
}

type Told = Record<string, readonly (readonly unknown[])[]>

const s = (ms: number | null): number | null => (ms === null ? null : ms / 1000)

function toldBy(unit: UnitDriver): Told {
  const hourly = unit.last('rollups').filter(({ granularity }) => granularity === 'hour')
  const nameOf = new Map(unit.last('budgets').map(({ id, name }) => [id, name]))
  return {
    excursions: unit
      .last('excursions')
      .map((e) => [
        ...[
          s(e.startedAt),
          e.direction,
          s(e.endedAt),
          s(e.confirmedAt),
          s(e.criticalAt),
          e.count,
          e.min,
          e.max,
        ],
        ...[e.knownSeconds, e.degreeMinutes],
      ]),
    openings: unit
      .last('door-openings')
      .map((o) => [s(o.openedAt), s(o.closedAt), s(o.warningAt), s(o.criticalAt)]),
    silences: unit
      .last('silences')
      .map((o) => [
        ...[s(o.startedAt), s(o.detectedAt), s(o.endedAt), s(o.warningAt), s(o.criticalAt), o.missedCheckins],
      ]),
    statuses: unit.last('unit-status').map(({ at, status }) => [s(at), status]),
    alerts: unit
      .last('alerts')
      .map((a) => [
        s(a.causeStartedAt),
        a.alertType === 'budget_exceeded' ? `budget ${nameOf.get(a.causeId)}` : a.alertType,
        ...[s(a.triggeredAt), s(a.resolvedAt)],
      ]),
    budgets: unit
      .last('budgets')
      .map((b) => [s(b.startedAt), b.name, s(b.exceededAt), s(b.endedAt), b.usedSeconds]),
    hours: hourly.map((h) => [
      ...[s(h.start), h.count, h.sum, h.readingsOutOfRange, h.humidityCount, h.knownSeconds, h.weightedSum],
      ...[h.mktNumerator * 1e15, h.secondsAbove, h.secondsBelow, h.degreeMinutesAbove, h.degreeMinutesBelow],
      ...[h.doorOpenings, h.doorOpenSeconds],
    ]),
  }
}

function toldSlowly(unit: SlowUnit): Told {
  return {
    excursions: unit.excursions.map((e) => [
      ...[e.startS, e.direction, e.endS, e.confirmedS, e.criticalS, e.values.length],
      ...[Math.min(...e.values), Math.max(...e.values), e.knownS, e.degreeSeconds / 60],
    ]),
    openings: unit.openings.map((o) => [o.startS, o.endS, o.warningS, o.criticalS]),
    silences: unit.silences.map((o) => [o.startS, o.detectedS, o.endS, o.warningS, o.criticalS, o.missed]),
    statuses: unit.statuses.map(({ atS, status }) => [atS, status]),
    alerts: unit.alerts.map((a) => [a.causeS, a.type, a.triggeredS, a.resolvedS]),
    budgets: unit.uses.map((b) => [b.startS, b.name, b.exceededS, b.endS, b.endS === null ? null : b.usedS]),
    hours: unit.hours.map((h) => [
      ...[
        h.startS,
        h.count,
        h.sum,
        h.outOfRange,
        h.humidityCount,
        h.knownS,
        h.weighted,
        h.mktNumerator * 1e15,
      ],
      ...[
        h.aboveS,
        h.belowS,
        h.degreeSecondsAbove / 60,
        h.degreeSecondsBelow / 60,
        h.doorOpenings,
        h.doorOpenS,
      ],
    ]),
  }
}

const isSame = (a: unknown, b: unknown): boolean =>
  typeof a === 'number' && typeof b === 'number'
    ? Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b))
    : a === b

const byStart = (a: readonly unknown[], b: readonly unknown[]): number =>
  Number(a[0]) - Number(b[0]) || (String(a) < String(b) ? -1 : 1)

/** `-` is the slow model's. */
function differences(seed: number): string[] {
  const world = slowWorld(seed)
  const [want, have] = [toldSlowly(new SlowUnit(world)), toldBy(staged(world, random(seed + 0.5)))]
  return Object.keys(want).flatMap((topic) => {
    const [left, right] = [want[topic] ?? [], have[topic] ?? []].map((list) => list.toSorted(byStart))
    const isEqual =
      left?.length === right?.length &&
      left?.every((row, index) => row.every((value, column) => isSame(value, right?.[index]?.[column])))
    if (isEqual) return []
    const rows = (mark: string, list: Told[string] = []) =>
      list.map((row) => `${mark} ${topic} ${row.join(' ')}`)
    return [`seed ${seed}`, ...rows('-', left), ...rows('+', right)]
  })
}

const options = { timeout: 60_000 + count * 100 }

test('the stage says of every world what a second-by-second model says', options, () => {
  for (let seed = first; seed < first + count; seed++) expect(differences(seed).join('\n')).toBe('')
})

/** Open integrals run on; of all else a commit tells what there is to tell. */
const topicsWithoutIntegrals = [
  ...(['silences', 'door-openings', 'door-events'] as const),
  ...(['alerts', 'unit-status', 'budgets', 'gateway-silences'] as const),
]

test('everything goes out with the commit of its instant: a look finds nothing left to say', options, () => {
  const recordsOf = (unit: UnitDriver) => topicsWithoutIntegrals.map((topic) => unit.sent[topic].length)
  for (let seed = first; seed < first + Math.min(count, 200); seed++) {
    const { timeZone, rules, samples, endS } = slowWorld(seed)
    const r = random(seed + 0.25)
    const unit = new UnitDriver(zoned(timeZone, ...rules.map(ruleOf)), { graceMs: hours(2) })
    for (const { atS, ...values } of samples) {
      unit.pipe({ at: atS * 1000, ...values })
      const clockMs = Math.min(endS, atS + r.below(3600)) * 1000
      const told = recordsOf(unit.advanceTo(clockMs))
      expect(recordsOf(unit.lookAt(clockMs)), `seed ${seed}, at ${clockMs}`).toEqual(told)
    }
  }
})

test('the worlds show everything that the model can say', () => {
  const seen = new Map<string, number>()
  for (let seed = 0; seed < 60; seed++) {
    const told = toldSlowly(new SlowUnit(slowWorld(seed)))
    for (const [topic, rows] of Object.entries(told)) seen.set(topic, (seen.get(topic) ?? 0) + rows.length)
  }
  for (const [topic, rows] of seen) expect(rows, topic).toBeGreaterThan(20)
})

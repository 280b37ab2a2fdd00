// Order, copies of the clock, and crashes must not matter: generated, not listed.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Budget, Excursion, Rollup, Rule, UnitConfig } from '../schemas/generated/types.ts'
import type { UnitOutput } from './ledger.ts'
import { at, hours, minutes, type Sample, UnitDriver, zoned } from './unit-driver.ts'
import { unitStage } from './unit-stage.ts'

// Which readings are late is a matter of arrival.
const topics = unitStage().outputs.filter((topic): topic is UnitOutput => topic !== 'late-readings')

const startMs = at('09:00')
const clockMs = startMs + hours(5)

/** Coarse instants, so that things coincide. */
const instant = fc.integer({ min: 0, max: 48 }).map((step) => startMs + minutes(step * 5))

const measured = fc.record({
  at: instant,
  device: fc.constantFrom('a', 'b', 'c'),
  kind: fc.constant(null),
  temperature: fc.option(fc.constantFrom(-3, 1.5, 2, 4.2, 5, 7.9, 8, 8.1, 9.3, 12), { freq: 5, nil: null }),
  humidity: fc.option(fc.constantFrom(30, 55.5), { freq: 1, nil: null }),
  doorOpen: fc.option(fc.boolean(), { freq: 1, nil: null }),
  history: fc.boolean(),
  fault: fc.nat({ max: 9 }).map((n) => n === 0),
  batteryPercent: fc.option(fc.constantFrom(10, 20, 24, 60), { freq: 1, nil: null }),
  gatewayId: fc.constantFrom(null, 'roof', 'cellar'),
})
const sample = measured.map((s) => (s.fault ? { ...s, temperature: null } : s))

const optional = <T>(...values: T[]) => fc.option(fc.constantFrom(...values))

const drawnBudget = (over: Budget['over'], limit: number, m: number): Budget => ({
  ...{
    name: over,
    side: 'above',
    limit,
    atLimit: m > 30,
    over,
    lot: over === 'lot' ? 'L' : null,
    minutes: m,
  },
})

const rule: fc.Arbitrary<Partial<Rule>> = fc.record({
  ...{ tempMin: optional(2, 1), tempMax: optional(8, 9) },
  ...{ excursionConfirmMinutesDoorClosed: optional(0, 5, 15, 7.5) },
  ...{ excursionConfirmMinutesDoorOpen: optional(10, 30, 2) },
  ...{ doorOpenMaxMaskMinutesPerDay: optional(0, 5, 20), maxExcursionMinutes: optional(15, 40) },
  ...{ doorOpenWarningMinutes: optional(5, 12), doorOpenCriticalMinutes: optional(10, 3) },
  ...{ expectedReadingIntervalSeconds: optional(300, 600), offlineTriggerMultiplier: optional(1, 2.5) },
  ...{ offlineTriggerAdditionalMinutes: optional(5), offlineWarningMissedCheckins: optional(1, 3) },
  ...{ offlineCriticalMissedCheckins: optional(4), delayMinutes: optional(0, 5, 20) },
  ...{ manualIntervalMinutes: optional(30, 60), manualGraceMinutes: optional(5) },
  ...{ manualOnlyWhenSilent: optional(true), lowBatteryPercent: optional(20, 10) },
  ...{ faultStuckReadings: optional(2, 3), faultStuckMinutes: optional(10), faultJumpC: optional(4) },
  deviceSilentMinutes: optional(10, 25),
  ...{ calibrationNoticeDays: optional(0, 1 / 24), escalationMinutes: optional([5], [10, 20], [0]) },
  budgets: optional(
    [drawnBudget('consecutive', 7, 15)],
    [drawnBudget('day', 8, 20), drawnBudget('lot', 5, 35)],
  ),
  schedule: optional(
    { days: [1], startHour: 10, endHour: 11 },
    { days: [0, 1], startHour: 11.5, endHour: 10 },
  ),
})

/** Device `a` is in the unit twice, under versions with or without the end of a calibration. */
const devices = fc
  .tuple(instant, fc.integer({ min: 1, max: 90 }), fc.array(fc.option(instant), { maxLength: 3 }))
  .map(([leaves, lasts, ends]): UnitConfig['devices'] => {
    const span = (deviceId: string, validFrom: number, validUntil: number | null, nth: number) => {
      const calibrationValidUntil = ends[nth] ?? null
      const silentMinutes = nth === 1 && calibrationValidUntil !== null ? 15 : null
      return { deviceId, validFrom, validUntil, calibrationValidUntil, silentMinutes }
    }
    const spans = [
      span('a', 0, leaves, 0),
      span('b', 0, null, 1),
      span('a', leaves + minutes(lasts), null, 2),
    ]
    return ends.length === 0 ? [] : spans
  })

const config: fc.Arbitrary<UnitConfig> = fc
  .tuple(
    // In the last two a day, and a week, ends within the log.
    fc.constantFrom('UTC', 'Asia/Kolkata', 'America/New_York', 'Pacific/Kiritimati', 'Etc/GMT+12'),
    fc.array(fc.tuple(instant, rule), { maxLength: 3 }),
    devices,
  )
  .map(([zone, versions, inUnit]) => ({
    ...zoned(
      zone,
      ...versions.map(([validFrom, fields], index) => ({
        ...fields,
        validFrom: index === 0 ? 0 : validFrom,
      })),
    ),
    devices: inUnit,
  }))

/** One reading of a device at an instant: the sequence before this stage sees to that. */
const samples = fc
  .uniqueArray(sample, { maxLength: 40, selector: (s) => `${s.at} ${s.device}` })
  .map((list) => list.sort((a, b) => a.at - b.at || (a.device < b.device ? -1 : 1)))

/** Everything that went out, without what tells the history of its making. */
function outcome(unit: UnitDriver): unknown {
  return topics.map((topic) =>
    unit
      .last(topic)
      .map((record) => JSON.stringify({ ...record, revision: null }))
      .sort(),
  )
}

const wide = { graceMs: hours(24) }

function inOrder(unitConfig: UnitConfig, list: readonly Sample[], options = wide): UnitDriver {
  return new UnitDriver(unitConfig, options).pipe(...list).advanceTo(clockMs)
}

test('the order of arrival inside grace does not matter', () => {
  fc.assert(
    fc.property(config, samples, fc.infiniteStream(fc.nat()), (unitConfig, list, random) => {
      const shuffled = list
        .map((s) => ({ s, rank: random.next().value }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ s }) => s)
      const unit = new UnitDriver(unitConfig, wide)
      shuffled.forEach((s, index) => {
        unit.pipe(s)
        if (random.next().value % 3 === 0) unit.advanceTo(s.at + minutes((index % 7) * 10))
      })
      expect(outcome(unit.advanceTo(clockMs))).toEqual(outcome(inOrder(unitConfig, list)))
      expect(outcome(unit.lookAt(clockMs))).toEqual(outcome(inOrder(unitConfig, list).lookAt(clockMs)))
    }),
    { numRuns: 400 },
  )
})

test('however often the clock is looked at, the outcome is the same', () => {
  fc.assert(
    fc.property(config, samples, fc.array(fc.nat({ max: 300 })), (unitConfig, list, clocks) => {
      const unit = new UnitDriver(unitConfig, { graceMs: hours(1) })
      const ticks = clocks.map((m) => startMs + minutes(m)).sort((a, b) => a - b)
      for (const s of list) {
        while (ticks.length > 0 && Number(ticks[0]) < s.at) unit.advanceTo(Number(ticks.shift()))
        unit.pipe(s)
      }
      for (const tick of ticks) unit.advanceTo(tick)
      const once = inOrder(unitConfig, list, { graceMs: hours(1) })
      expect(outcome(unit.advanceTo(clockMs))).toEqual(outcome(once))
    }),
    { numRuns: 400 },
  )
})

test('a timer asked for in time tells all that the clock would tell', () => {
  fc.assert(
    fc.property(config, samples, (unitConfig, list) => {
      const unit = new UnitDriver(unitConfig, { graceMs: hours(1) })
      for (const s of list) {
        for (let dueMs = unit.nextTimer(); dueMs < s.at; dueMs = unit.nextTimer()) unit.advanceTo(dueMs)
        unit.pipe(s)
      }
      for (let dueMs = unit.nextTimer(); dueMs <= clockMs; dueMs = unit.nextTimer()) {
        unit.advanceTo(dueMs)
        expect(unit.nextTimer()).toBeGreaterThan(dueMs)
      }
      const sent = topics.map((topic) => unit.sent[topic].length)
      unit.advanceTo(clockMs)
      expect(topics.map((topic) => unit.sent[topic].length)).toEqual(sent)
    }),
    { numRuns: 400 },
  )
})

/**
 * As the engine does it: a commit settles what a record or a due timer touched, at a clock that other keys' events or
 * the wall may have moved further, and at the end nobody looks again.
 */
function committed(
  unitConfig: UnitConfig,
  log: readonly Sample[],
  endMs: number,
  random: () => number,
): UnitDriver {
  const unit = new UnitDriver(unitConfig, { graceMs: minutes(45) })
  let clock = startMs
  let touched = false
  const commit = (toMs: number) => {
    clock = Math.max(clock, toMs)
    if (touched || unit.nextTimer() <= clock) unit.advanceTo(clock)
    touched = false
    if (random() % 4 === 0) unit.restart()
  }
  for (const s of log) {
    unit.pipe(s)
    touched = true
    if (random() % 3 === 0)
      commit(Math.min(endMs, at(s.at) - 1 + minutes(random() % 2 === 0 ? 0 : random() % 60)))
    if (random() % 3 === 0) commit(Math.min(endMs, at(s.at) + minutes(random() % 20)))
  }
  commit(endMs)
  // A restart looks at what is complete once more, and finds nothing to say.
  if (unit.nextTimer() <= endMs) commit(endMs)
  return unit
}

test('where the commits split a log does not matter, to the last record of what is still open', () => {
  fc.assert(
    fc.property(config, samples, fc.infiniteStream(fc.nat()), (unitConfig, list, stream) => {
      const random = () => stream.next().value
      const log = list
        .map((s) => ({ s, rank: s.at + minutes(random() % 3 === 0 ? random() % 90 : 0) }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ s }) => s)
      // The clock of events alone stays just before the newest: its instant is still open then.
      const endMs = random() % 2 === 0 ? clockMs : Math.max(startMs, ...log.map((s) => at(s.at) - 1))
      const atOnce = new UnitDriver(unitConfig, { graceMs: minutes(45) }).pipe(...log).advanceTo(endMs)
      expect(outcome(committed(unitConfig, log, endMs, random))).toEqual(outcome(atOnce))
    }),
    { numRuns: 600 },
  )
})

test('a restart anywhere changes nothing that goes out', () => {
  fc.assert(
    fc.property(config, samples, fc.infiniteStream(fc.nat()), (unitConfig, list, random) => {
      const shuffled = list
        .map((s) => ({ s, rank: s.at + minutes(random.next().value % 90) }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ s }) => s)
      const options = { graceMs: minutes(45) }
      const steady = new UnitDriver(unitConfig, options)
      const restarted = new UnitDriver(unitConfig, options)
      for (const s of shuffled) {
        const clock = s.at + minutes(random.next().value % 60)
        const settles = random.next().value % 2 === 0
        const versions = unitConfig.versions.slice(0, random.next().value % 4)
        const configures = random.next().value % 8 === 0
        for (const unit of [steady, restarted]) {
          unit.pipe(s)
          if (configures) unit.configure({ ...unitConfig, versions })
          if (settles) unit.advanceTo(clock)
          if (unit === restarted && random.next().value % 3 === 0) unit.restart()
        }
      }
      expect(steady.advanceTo(clockMs).sent).toEqual(restarted.advanceTo(clockMs).sent)
    }),
    { numRuns: 400 },
  )
})

test('a version that comes late is as if it had come in time', () => {
  fc.assert(
    fc.property(config, samples, fc.nat(), (unitConfig, list, cut) => {
      const before = { ...unitConfig, versions: unitConfig.versions.slice(0, 1) }
      const unit = new UnitDriver(before, wide)
      unit.pipe(...list.slice(0, cut % 40)).advanceTo(startMs)
      unit.configure(unitConfig).pipe(...list.slice(cut % 40))
      expect(outcome(unit.advanceTo(clockMs))).toEqual(outcome(inOrder(unitConfig, list)))
    }),
    { numRuns: 400 },
  )
})

const spanMs = ({ startedAt, endedAt }: Excursion): number => (endedAt ?? clockMs) - startedAt

test('a log cut at any instant, and taken up by another process, gives what it gives whole', () => {
  fc.assert(
    fc.property(config, samples, instant, (unitConfig, list, cutMs) => {
      const unit = new UnitDriver(unitConfig, { graceMs: minutes(45) })
      unit.pipe(...list.filter((s) => s.at < cutMs)).advanceTo(cutMs - 1)
      unit.restart().pipe(...list.filter((s) => s.at >= cutMs))
      const whole = inOrder(unitConfig, list, { graceMs: minutes(45) })
      expect(outcome(unit.advanceTo(clockMs))).toEqual(outcome(whole))
    }),
    { numRuns: 300 },
  )
})

const instantNames = /At$|^start$|^end$|^asOf$|^at$/

const derived = /^(id|causeId|silenceId|revision)$/

/** Every instant of a record a day later; ids are made from instants, so they differ. */
const dayLater = (record: object): object =>
  Object.fromEntries(
    Object.entries(record)
      .filter(([name]) => !derived.test(name))
      .map(([name, value]) => [name, instantNames.test(name) ? shifted(value) : value]),
  )
const shifted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shifted)
  return typeof value === 'number' ? value + hours(24) : value
}
const sameDay = (record: object): object =>
  Object.fromEntries(Object.entries(record).filter(([name]) => !derived.test(name)))

test('a world a whole day later gives the same a day later', () => {
  const isOfDay = (record: object) =>
    !('granularity' in record) || record.granularity === 'hour' || record.granularity === 'day'
  fc.assert(
    fc.property(config, samples, (unitConfig, list) => {
      const versions = unitConfig.versions.map((version, index) => ({
        ...version,
        validFrom: index === 0 ? 0 : version.validFrom + hours(24),
        schedule: version.schedule && {
          ...version.schedule,
          days: version.schedule.days.map((day) => (day + 1) % 7),
        },
      }))
      const inUnit = unitConfig.devices.map((span) => {
        const { silentMinutes, ...instants } = span
        const later = Object.entries(instants).map(([name, value]) => [name, value && shifted(value)])
        return { ...(Object.fromEntries(later) as typeof span), silentMinutes }
      })
      const later = new UnitDriver({ ...unitConfig, versions, devices: inUnit }, wide)
      later.pipe(...list.map((s) => ({ ...s, at: s.at + hours(24) }))).advanceTo(clockMs + hours(24))
      const now = inOrder(unitConfig, list)
      for (const topic of topics)
        expect(later.last(topic).filter(isOfDay).map(sameDay)).toEqual(
          now.last(topic).filter(isOfDay).map(dayLater),
        )
    }),
    { numRuns: 300 },
  )
})

test('what an excursion knows lies outside of silence', () => {
  // History says what a temperature was while the device was silent, so there is none of it here.
  const live = samples.map((list) => list.map((s) => ({ ...s, history: false })))
  fc.assert(
    fc.property(config, live, (unitConfig, list) => {
      const unit = inOrder(unitConfig, list).lookAt(clockMs)
      for (const excursion of unit.last('excursions')) {
        const endMs = excursion.endedAt ?? clockMs
        const silentMs = unit
          .last('silences')
          .map(({ detectedAt, endedAt }) => [Math.max(detectedAt, excursion.startedAt), endedAt ?? clockMs])
          .reduce((sum, [from = 0, to = 0]) => sum + Math.max(0, Math.min(to, endMs) - from), 0)
        expect(excursion.knownSeconds * 1000).toBeLessThanOrEqual(spanMs(excursion) - silentMs)
      }
    }),
    { numRuns: 300 },
  )
})

test('a longer confirm time confirms later or never, and moves no start or end', () => {
  fc.assert(
    fc.property(config, samples, fc.nat({ max: 40 }), (unitConfig, list, more) => {
      const versions = unitConfig.versions.map((version) => ({
        ...version,
        excursionConfirmMinutesDoorClosed: (version.excursionConfirmMinutesDoorClosed ?? 0) + more,
        // Open is as closed where it is not set, and so grows with it.
        excursionConfirmMinutesDoorOpen:
          version.excursionConfirmMinutesDoorOpen === null
            ? null
            : version.excursionConfirmMinutesDoorOpen + more,
      }))
      const [short, long] = [unitConfig, { ...unitConfig, versions }].map((one) =>
        inOrder(one, list).last('excursions'),
      )
      expect(long?.map(sameSpan)).toEqual(short?.map(sameSpan))
      for (const [index, { confirmedAt }] of (short ?? []).entries()) {
        const later = long?.[index]?.confirmedAt ?? Number.POSITIVE_INFINITY
        expect(later).toBeGreaterThanOrEqual(confirmedAt ?? Number.POSITIVE_INFINITY)
      }
    }),
    { numRuns: 300 },
  )
})

const sameSpan = ({ startedAt, endedAt, direction }: Excursion) => [startedAt, endedAt, direction]

test('hours add up to days, days to weeks and months, exactly', () => {
  const sums = ['count', 'sum', 'sumSquares', 'weightedSum', 'mktNumerator', 'degreeMinutesAbove'] as const
  const total = (windows: readonly Rollup[], name: (typeof sums)[number]) =>
    windows.reduce((sum, window) => sum + window[name], 0)
  fc.assert(
    fc.property(config, samples, (unitConfig, list) => {
      const rollups = inOrder(unitConfig, list).lookAt(clockMs).last('rollups')
      const of = (granularity: string) =>
        rollups.filter((r) => r.granularity === granularity).sort((a, b) => a.start - b.start)
      for (const [long, short] of [
        ['day', 'hour'],
        ['week', 'day'],
        ['month', 'day'],
      ] as const)
        for (const window of of(long)) {
          const parts = of(short).filter((part) => part.start >= window.start && part.start < window.end)
          for (const name of sums) expect(window[name]).toBe(total(parts, name))
        }
    }),
    { numRuns: 300 },
  )
})

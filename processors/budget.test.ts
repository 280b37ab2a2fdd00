import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Budget } from '../schemas/generated/types.ts'
import { at, fridge, hours, minutes, type Sample, UnitDriver, zoned } from './unit-driver.ts'

const budget = (more: Partial<Budget> = {}): Budget => ({
  name: 'warm',
  side: 'above',
  limit: 8,
  atLimit: false,
  over: 'consecutive',
  lot: null,
  minutes: 60,
  ...more,
})
/** A value holds for half an hour. */
const heard = { expectedReadingIntervalSeconds: 600, offlineTriggerMultiplier: 3 }
const unit = (first: Partial<Budget> = {}, ...more: Partial<Budget>[]) =>
  new UnitDriver(fridge({ ...heard, budgets: [first, ...more].map(budget) }))
/** A reading every 10 minutes from `from` to `to`, both included. */
const steady = (from: string, to: string, temperature: number): Sample[] =>
  Array.from({ length: (at(to) - at(from)) / minutes(10) + 1 }, (_, step) => ({
    at: at(from) + step * minutes(10),
    temperature,
  }))
const uses = (driver: UnitDriver) => driver.last('budgets').sort((a, b) => a.exceededAt - b.exceededAt)

describe('consecutive', () => {
  test('it runs out by timer, at its instant, without a next reading', () => {
    const driver = unit()
      .pipe(...steady('10:05', '10:55', 9))
      .advanceTo('11:04:59.999')
    expect(uses(driver)).toEqual([])
    expect(uses(driver.advanceTo('11:05'))).toMatchObject([
      { state: 'open', startedAt: at('10:05'), exceededAt: at('11:05'), endedAt: null, usedSeconds: null },
    ])
  })

  test('the first reading within the limit ends it; exactly the limit is within', () => {
    const driver = unit().pipe(...steady('10:00', '11:30', 8.1), { at: '11:40', temperature: 8 })
    expect(uses(driver.advanceTo('11:45'))).toMatchObject([
      { state: 'closed', exceededAt: at('11:00'), endedAt: at('11:40'), usedSeconds: 6000 },
    ])
  })

  test('a reading within the limit at exactly the instant wins', () => {
    const driver = unit().pipe(...steady('10:00', '10:50', 9), { at: '11:00', temperature: 5 })
    expect(uses(driver.advanceTo('12:00'))).toEqual([])
  })

  test('each stretch begins with the whole budget', () => {
    const log = [
      ...steady('10:00', '10:40', 9),
      { at: '10:50', temperature: 5 },
      ...steady('11:00', '11:50', 9),
    ]
    expect(
      uses(
        unit()
          .pipe(...log)
          .advanceTo('11:59'),
      ),
    ).toEqual([])
    expect(
      uses(
        unit()
          .pipe(...log)
          .advanceTo('12:00'),
      ),
    ).toMatchObject([{ startedAt: at('11:00') }])
  })

  test('unknown time is not used, and ends no stretch', () => {
    // Known 10:00–10:30 and again from 11:30: the other half hour is over at 12:00.
    const driver = unit().pipe({ at: '10:00', temperature: 9 }, { at: '11:30', temperature: 9 })
    expect(uses(driver.advanceTo('13:00'))).toMatchObject([
      { startedAt: at('10:00'), exceededAt: at('12:00') },
    ])
  })

  test('at or below: the limit itself counts where the budget says so', () => {
    const frost = { name: 'frost', side: 'below', limit: -0.5, atLimit: true } as const
    const log = steady('10:00', '11:30', -0.5)
    expect(
      uses(
        unit(frost)
          .pipe(...log)
          .advanceTo('11:30'),
      ),
    ).toMatchObject([{ exceededAt: at('11:00') }])
    expect(
      uses(
        unit({ ...frost, atLimit: false })
          .pipe(...log)
          .advanceTo('11:30'),
      ),
    ).toEqual([])
  })

  test('several budgets of a rule run apart', () => {
    const driver = unit({ minutes: 30 }, { name: 'hot', limit: 20, minutes: 5 })
    driver.pipe(
      { at: '10:00', temperature: 9 },
      { at: '10:10', temperature: 21 },
      ...steady('10:20', '10:40', 9),
    )
    expect(uses(driver.advanceTo('10:50'))).toMatchObject([
      { name: 'hot', startedAt: at('10:10'), exceededAt: at('10:15'), endedAt: at('10:20') },
      { name: 'warm', startedAt: at('10:00'), exceededAt: at('10:30'), endedAt: null },
    ])
  })
})

describe('over a local day', () => {
  const day = { over: 'day', minutes: 40 } as const

  test('stretches are added up', () => {
    const driver = unit(day).pipe(
      ...steady('08:00', '08:20', 9),
      { at: '08:25', temperature: 5 },
      ...steady('10:00', '10:20', 9),
    )
    expect(uses(driver.advanceTo('10:30'))).toMatchObject([
      { startedAt: at('08:00'), exceededAt: at('10:15') },
    ])
  })

  test('a reading within the limit at exactly the instant comes too late: it ends no sum', () => {
    const driver = unit(day).pipe(...steady('08:00', '08:30', 9), { at: '08:40', temperature: 5 })
    expect(uses(driver.advanceTo('09:00'))).toMatchObject([{ exceededAt: at('08:40') }])
  })

  test('the local day ends it, by timer, and the next one begins with all of it', () => {
    // Kolkata's midnight is 18:30 UTC.
    const driver = new UnitDriver(
      zoned('Asia/Kolkata', { ...heard, budgets: [budget(day)], delayMinutes: 5 }),
    )
    driver.pipe(...steady('17:45', '18:25', 9)).advanceTo('18:30')
    expect(uses(driver)).toMatchObject([
      { startedAt: at('17:45'), exceededAt: at('18:25'), endedAt: at('18:30'), usedSeconds: 2700 },
    ])
    driver.pipe({ at: '18:35', temperature: 9 }, { at: '19:05', temperature: 9 }).advanceTo('19:10')
    expect(uses(driver)[1]).toMatchObject({ startedAt: at('18:30'), exceededAt: at('19:10'), endedAt: null })
  })
})

test('a day that ended at exactly the checkpoint is not taken back by a late sample', () => {
  const next = at('2026-02-03T00:00:00Z')
  for (const restarts of [false, true]) {
    const driver = unit({ over: 'day', minutes: 20 }).pipe({ at: next - minutes(40), temperature: 9 })
    driver
      .advanceTo(next)
      .pipe({ at: next + hours(2), temperature: 5 })
      .advanceTo(next + hours(2))
    if (restarts) driver.restart()
    driver.pipe({ at: next + hours(1), temperature: 5 }).advanceTo(next + hours(3))
    expect(uses(driver)).toMatchObject([{ exceededAt: next - minutes(20), endedAt: next, usedSeconds: 1800 }])
    expect(driver.sent.budgets.map(({ state }) => state)).toEqual(['closed'])
  }
})

describe('over a lot', () => {
  const lot = (name: string, more: object = {}) => ({
    ...heard,
    budgets: [budget({ over: 'lot', lot: name, minutes: 30 })],
    ...more,
  })

  test('days do not end it; another lot does, and begins anew', () => {
    const config = fridge(lot('A'), lot('B', { validFrom: at('2026-02-03T10:25:00Z') }))
    const next = (time: string) => at(`2026-02-03T${time}:00Z`)
    const driver = new UnitDriver(config).pipe(
      { at: '10:00', temperature: 9 },
      { at: '10:20', temperature: 5 },
      { at: next('10:00'), temperature: 9 },
      { at: next('10:20'), temperature: 9 },
      { at: next('10:40'), temperature: 9 },
    )
    expect(uses(driver.advanceTo(next('11:00')))).toMatchObject([
      {
        lot: 'A',
        startedAt: at('10:00'),
        exceededAt: next('10:10'),
        endedAt: next('10:25'),
        usedSeconds: 2700,
      },
      { lot: 'B', startedAt: next('10:25'), exceededAt: next('10:55'), endedAt: null },
    ])
  })
})

describe('versions, late samples, alerts', () => {
  test('a version that shortens the budget below what is used makes it run out at its validFrom', () => {
    const config = fridge(
      { ...heard, budgets: [budget()] },
      { ...heard, budgets: [budget({ minutes: 10 })], validFrom: at('10:25') },
    )
    const driver = new UnitDriver(config).pipe(...steady('10:00', '10:40', 9))
    expect(uses(driver.advanceTo('10:40'))).toMatchObject([{ exceededAt: at('10:25'), budgetSeconds: 600 }])
  })

  test('a wider limit ends a stretch at its validFrom, unless a reading comes at that instant', () => {
    const wider = { ...heard, budgets: [budget({ limit: 10 })], validFrom: at('11:30') }
    const config = fridge({ ...heard, budgets: [budget()] }, wider)
    const held = new UnitDriver(config).pipe(...steady('10:00', '11:20', 9)).advanceTo('11:35')
    expect(uses(held)).toMatchObject([{ exceededAt: at('11:00'), endedAt: at('11:30') }])
    const read = new UnitDriver(config).pipe(...steady('10:00', '11:20', 9), { at: '11:30', temperature: 11 })
    expect(uses(read.advanceTo('11:35'))).toMatchObject([{ endedAt: null }])
  })

  test('a budget that the rule no longer names ends', () => {
    const config = fridge({ ...heard, budgets: [budget()] }, { ...heard, validFrom: at('11:10') })
    const driver = new UnitDriver(config).pipe(...steady('10:00', '11:20', 9)).advanceTo('11:20')
    expect(uses(driver)).toMatchObject([{ endedAt: at('11:10'), usedSeconds: 4200 }])
  })

  test('a late sample within grace revises or retracts it, and its alert', () => {
    const driver = unit()
      .pipe(...steady('10:00', '11:00', 9))
      .advanceTo('11:05')
    expect(driver.last('alerts').filter(({ alertType }) => alertType === 'budget_exceeded')).toMatchObject([
      {
        status: 'active',
        causeStartedAt: at('10:00'),
        triggeredAt: at('11:00'),
        causeId: uses(driver)[0]?.id,
      },
    ])
    driver.pipe({ at: '10:35', temperature: 5 }).advanceTo('11:06')
    expect(uses(driver)).toEqual([])
    expect(driver.sent.budgets.at(-1)).toMatchObject({
      state: 'retracted',
      name: 'warm',
      startedAt: at('10:00'),
    })
    expect(driver.sent.alerts.at(-1)).toMatchObject({ status: 'retracted', alertType: 'budget_exceeded' })
  })

  test('the end of the use resolves its alert', () => {
    const driver = unit().pipe(...steady('10:00', '11:10', 9), { at: '11:20', temperature: 5 })
    expect(driver.advanceTo('11:20').last('alerts')).toMatchObject([
      { alertType: 'budget_exceeded', triggeredAt: at('11:00'), resolvedAt: at('11:20') },
    ])
  })

  test('without a budget in the rule there is none', () => {
    const driver = new UnitDriver(fridge(heard)).pipe(...steady('10:00', '20:00', 90)).advanceTo('21:00')
    expect(uses(driver)).toEqual([])
  })
})

/** Second by second: what is known and beyond, added up. */
function slow(
  log: readonly { at: number; temperature: number }[],
  { over, minutes: m, limit }: Budget,
  endMs: number,
) {
  const instants: number[] = []
  let used = 0
  let isOut = false
  for (let ms = at('08:00'); ms <= endMs; ms += 60_000) {
    const held = log.findLast((one) => one.at <= ms)
    const isKnown = held !== undefined && ms - held.at <= minutes(30)
    if (over === 'day' && ms % hours(24) === 0) [used, isOut] = [0, false]
    if (over === 'consecutive' && held?.at === ms && held.temperature <= limit) [used, isOut] = [0, false]
    if (!isOut && used >= minutes(m)) {
      instants.push(ms)
      isOut = true
    }
    if (isKnown && ms - held.at < minutes(30) && held.temperature > limit) used += 60_000
  }
  return instants
}

test('of any log, in any order and batches, budgets run out when they do minute by minute', () => {
  const sample = fc.record({ step: fc.nat({ max: 250 }), temperature: fc.constantFrom(5, 8, 9, 12) })
  const logs = fc.uniqueArray(sample, { selector: ({ step }) => step, minLength: 1, maxLength: 60 })
  fc.assert(
    fc.property(logs, fc.constantFrom('consecutive', 'day', 'lot'), fc.nat(), (steps, over, turn) => {
      const log = steps
        .map(({ step, temperature }) => ({ at: at('08:00') + step * minutes(5), temperature }))
        .sort((a, b) => a.at - b.at)
      const one = budget({ over, lot: over === 'lot' ? 'L' : null, minutes: 5 + (turn % 70) })
      const endMs = at('08:00') + hours(24)
      const driver = new UnitDriver(fridge({ ...heard, budgets: [one] }), { graceMs: hours(48) })
      for (const [index, next] of [
        ...log.slice(turn % log.length),
        ...log.slice(0, turn % log.length),
      ].entries()) {
        driver.pipe(next)
        if ((turn + index) % 5 === 0) driver.advanceTo(next.at)
        if ((turn + index) % 7 === 0) driver.restart()
      }
      driver.advanceTo(endMs)
      const exceeded = uses(driver).map(({ exceededAt }) => exceededAt)
      expect(exceeded.sort((a, b) => a - b)).toEqual(slow(log, one, endMs))
    }),
    { numRuns: 400 },
  )
})

test('a use that a day’s end has cut is told once, also by folds and looks from beyond grace', () => {
  const driver = unit({ over: 'day', minutes: 30 })
  const night = { from: '2026-02-02T22:00:00Z', to: '2026-02-03T03:00:00Z' }
  driver.pipe(...steady(night.from, night.to, 9)).advanceTo(night.to)
  const cut = driver.sent.budgets.filter(({ endedAt }) => endedAt === at('2026-02-03T00:00:00Z'))
  expect(cut).toHaveLength(1)
  const told = driver.sent.budgets.length
  driver.pipe({ at: '2026-02-03T02:05:00Z', temperature: 9 }).advanceTo(night.to).lookAt(night.to)
  expect(driver.sent.budgets.slice(told).map(({ startedAt }) => startedAt)).not.toContain(at(night.from))
  const quiet = unit({ over: 'day', minutes: 30 })
  quiet
    .pipe(...steady(night.from, night.to, 9))
    .advanceTo(night.to)
    .lookAt(night.to)
  expect(quiet.sent.budgets.filter(({ endedAt }) => endedAt !== null)).toHaveLength(1)
  expect(quiet.state.live.cutBudgets).toEqual([])
})

test('a value that has lapsed is not judged again by a new limit: unknown time ends no stretch', () => {
  const rules = [
    { ...heard, budgets: [budget()] },
    { ...heard, budgets: [budget({ limit: 10 })], validFrom: at('12:00') },
  ]
  const driver = new UnitDriver(fridge(...rules)).pipe(...steady('10:00', '11:10', 9))
  driver.pipe({ at: '12:30', temperature: 5 }).advanceTo('12:40')
  expect(uses(driver)).toMatchObject([{ exceededAt: at('11:00'), endedAt: at('12:30') }])
})

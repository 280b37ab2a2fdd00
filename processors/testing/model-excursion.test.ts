import { describe, expect, test } from 'vitest'
import type { UnitVersion } from './model-types.ts'
import { at, door, reading, rule, type Scenario, seen, valuesOf } from './scenario.ts'

const fridge = (more: Omit<UnitVersion, 'validFrom'> = {}, validFrom?: string) =>
  rule({ tempMin: 2, tempMax: 8, excursionConfirmMinutesDoorClosed: 15, ...more }, validFrom)
const excursions = (scenario: Scenario) => valuesOf('excursions', scenario)
/** Silent after 30 min: 10 min × 2 + 10. */
const silentAfter30 = {
  expectedReadingIntervalSeconds: 600,
  offlineTriggerMultiplier: 2,
  offlineTriggerAdditionalMinutes: 10,
}

describe('start and end', () => {
  test('a value at a limit is in range, and one beyond starts an excursion that the next in range ends', () => {
    const log = [reading('10:00', 8), reading('10:10', 2), reading('10:20', 8.5), reading('10:30', 8)]
    // 10 min at 0.5 above = 5 °C·min; ended before 15 min: never confirmed
    expect(excursions({ rules: [fridge()], log })).toEqual([
      {
        startedAt: at('10:20'),
        confirmedAt: null,
        criticalAt: null,
        endedAt: at('10:30'),
        direction: 'high',
        peak: 8.5,
        min: 8.5,
        max: 8.5,
        count: 1,
        durationSeconds: 600,
        knownSeconds: 600,
        hasUnknown: false,
        degreeMinutes: 5,
      },
    ])
  })

  test('either limit may be absent, and exactly 0 degrees is a temperature', () => {
    const log = [reading('10:00', -30), reading('10:10', 0), reading('10:20', 9)]
    expect(excursions({ rules: [fridge({ tempMin: null, tempMax: -5 })], log })).toMatchObject([
      { startedAt: at('10:10'), direction: 'high', min: 0, max: 9, peak: 9, count: 2, endedAt: null },
    ])
    expect(excursions({ rules: [fridge({ tempMax: null, tempMin: 1 })], log })).toMatchObject([
      { startedAt: at('10:00'), direction: 'low', min: -30, max: 0, peak: -30, endedAt: at('10:20') },
    ])
  })

  test('a flip from high to low ends one and starts another at the same instant', () => {
    const log = [reading('10:00', 10), reading('10:20', 1), reading('10:30', 5)]
    // high: 20 min × 2 = 40; low: 10 min × 1 = 10
    expect(excursions({ rules: [fridge()], log })).toMatchObject([
      {
        direction: 'high',
        startedAt: at('10:00'),
        endedAt: at('10:20'),
        confirmedAt: at('10:15'),
        degreeMinutes: 40,
      },
      {
        direction: 'low',
        startedAt: at('10:20'),
        endedAt: at('10:30'),
        confirmedAt: null,
        degreeMinutes: 10,
      },
    ])
  })

  test('at equal instants the last deviceId holds, and an episode of zero length is possible', () => {
    const log = [reading('10:00', 5, { deviceId: 'b' }), reading('10:00', 9, { deviceId: 'a' })]
    const rules = [fridge({ excursionConfirmMinutesDoorClosed: 0 })]
    expect(excursions({ rules, log })).toMatchObject([
      {
        startedAt: at('10:00'),
        endedAt: at('10:00'),
        confirmedAt: null,
        durationSeconds: 0,
        count: 1,
        hasUnknown: false,
      },
    ])
  })

  test('replayed history within the grace belongs to the series at its own time', () => {
    const log = [
      reading('10:00', 5),
      reading('11:00', 5),
      reading('10:10', 9, { history: true, receivedAt: at('11:00') }),
    ]
    expect(excursions({ rules: [fridge()], log })).toMatchObject([
      { startedAt: at('10:10'), confirmedAt: at('10:25'), endedAt: at('11:00'), count: 1 },
    ])
  })

  test('a simulated reading moves none', () => {
    const log = [reading('10:00', 9), reading('10:10', 5, { simulated: true }), reading('10:20', 9)]
    expect(excursions({ rules: [fridge()], log })).toMatchObject([
      { endedAt: null, count: 2, degreeMinutes: 20 },
    ])
  })

  test('an open one runs to the clock, and counts peak, min, max over its readings', () => {
    const log = [reading('10:00', 9), reading('10:10', 11), reading('10:20', 10)]
    // to 10:30: 10×1 + 10×3 + 10×2 = 60
    expect(excursions({ rules: [fridge()], log, asOf: '10:30' })).toMatchObject([
      { endedAt: null, durationSeconds: 1800, peak: 11, min: 9, max: 11, count: 3, degreeMinutes: 60 },
    ])
  })

  test('silence alone does not end it; unknown time is neither known nor counted in degree-minutes', () => {
    const log = [reading('10:00', 9), reading('11:00', 9), reading('11:10', 5)]
    // known 10:00-10:30 and 11:00-11:10 = 40 min of 70, 1 degree beyond
    expect(excursions({ rules: [fridge(silentAfter30)], log })).toMatchObject([
      {
        endedAt: at('11:10'),
        durationSeconds: 4200,
        knownSeconds: 2400,
        hasUnknown: true,
        degreeMinutes: 40,
        count: 2,
      },
    ])
  })
})

describe('confirmation', () => {
  test('comes by timer without a next reading, at the clock itself too', () => {
    const log = [reading('10:00', 5), reading('10:05', 9)]
    expect(excursions({ rules: [fridge()], log, asOf: '10:20' })).toMatchObject([
      { confirmedAt: at('10:20') },
    ])
    expect(excursions({ rules: [fridge()], log, asOf: '10:19' })).toMatchObject([{ confirmedAt: null }])
  })

  test('an in-range reading at exactly the confirm instant wins', () => {
    const log = [reading('10:05', 9), reading('10:20', 8)]
    expect(excursions({ rules: [fridge()], log, asOf: '11:00' })).toMatchObject([{ confirmedAt: null }])
  })

  test('not set means confirmed at once, open the same as closed', () => {
    const log = [door('10:00', true), reading('10:05', 9)]
    expect(excursions({ rules: [rule({ tempMax: 8 })], log })).toMatchObject([{ confirmedAt: at('10:05') }])
  })

  test('waits for the open time while the door is open', () => {
    const log = [door('10:00', true), reading('10:05', 9)]
    const rules = [fridge({ excursionConfirmMinutesDoorOpen: 40 })]
    expect(excursions({ rules, log, asOf: '11:00' })).toMatchObject([{ confirmedAt: at('10:45') }])
  })

  test('a door that closes after the closed time has passed confirms at that instant', () => {
    const log = [door('10:00', true), reading('10:05', 9), door('10:33', false)]
    const rules = [fridge({ excursionConfirmMinutesDoorOpen: 40 })]
    expect(excursions({ rules, log, asOf: '11:00' })).toMatchObject([{ confirmedAt: at('10:33') }])
  })

  test('a door that opens never un-confirms, and one that opens at the confirm instant comes before the timer', () => {
    const rules = [fridge({ excursionConfirmMinutesDoorOpen: 40 })]
    const after = [reading('10:05', 9), door('10:21', true)]
    expect(excursions({ rules, log: after, asOf: '11:00' })).toMatchObject([{ confirmedAt: at('10:20') }])
    const atInstant = [reading('10:05', 9), door('10:20', true)]
    expect(excursions({ rules, log: atInstant, asOf: '11:00' })).toMatchObject([{ confirmedAt: at('10:45') }])
  })

  test('still holds at exactly the hold limit', () => {
    const log = [reading('10:00', 9)]
    const rules = [fridge({ ...silentAfter30, excursionConfirmMinutesDoorClosed: 30 })]
    expect(excursions({ rules, log, asOf: '12:00' })).toMatchObject([
      { confirmedAt: at('10:30'), knownSeconds: 1800, durationSeconds: 7200, hasUnknown: true },
    ])
  })

  test('after a lapse comes at the next out-of-range reading that is late enough, else later by timer', () => {
    const rules = [fridge({ ...silentAfter30, excursionConfirmMinutesDoorClosed: 50 })]
    const late = [reading('10:00', 9), reading('11:00', 9)]
    expect(excursions({ rules, log: late })).toMatchObject([{ confirmedAt: at('11:00') }])
    // lapsed 10:30-10:40, the second reading holds until 11:10
    const early = [reading('10:00', 9), reading('10:40', 9)]
    expect(excursions({ rules, log: early, asOf: '12:00' })).toMatchObject([{ confirmedAt: at('10:50') }])
  })

  test('a check-in without a temperature neither ends nor prolongs a value', () => {
    const log = [reading('10:00', 9), seen('10:20'), seen('10:40')]
    const rules = [fridge({ ...silentAfter30, excursionConfirmMinutesDoorClosed: 35 })]
    expect(excursions({ rules, log, asOf: '10:45' })).toMatchObject([
      { confirmedAt: null, endedAt: null, knownSeconds: 1800 },
    ])
  })
})

describe('the daily mask', () => {
  const rules = [fridge({ excursionConfirmMinutesDoorOpen: 60, doorOpenMaxMaskMinutesPerDay: 30 })]

  test('ends at the instant at which the budget of the day is used up', () => {
    const log = [door('09:00', true), door('09:10', false), door('10:00', true), reading('10:00', 9)]
    // 10 min used in the morning, in no excursion; the other 20 are over at 10:20, when 15 closed minutes have passed
    expect(excursions({ rules, log, asOf: '12:00' })).toMatchObject([{ confirmedAt: at('10:20') }])
  })

  test('starts anew at local midnight', () => {
    // Berlin: midnight is 22:00 UTC. Open from 21:45, 15 of 30 min used at midnight; the new 30 end at 22:30.
    const log = [door('21:45', true), reading('21:50', 9)]
    const berlin = { rules, log, asOf: '23:30', timeZone: 'Europe/Berlin' }
    expect(excursions(berlin)).toMatchObject([{ confirmedAt: at('22:30') }])
    // In UTC the budget is over at 22:15, 25 min after the start
    expect(excursions({ ...berlin, timeZone: 'UTC' })).toMatchObject([{ confirmedAt: at('22:15') }])
  })
})

describe('critical', () => {
  test('comes at the later of the confirmation and the maximum, in silence too', () => {
    const log = [reading('10:00', 9)]
    const max = (maxExcursionMinutes: number) => [fridge({ ...silentAfter30, maxExcursionMinutes })]
    expect(excursions({ rules: max(10), log, asOf: '12:00' })).toMatchObject([{ criticalAt: at('10:15') }])
    expect(excursions({ rules: max(60), log, asOf: '12:00' })).toMatchObject([{ criticalAt: at('11:00') }])
  })

  test('loses against an end at its instant, and needs a confirmation', () => {
    const rules = [fridge({ maxExcursionMinutes: 60 })]
    const ended = [reading('10:00', 9), reading('11:00', 5)]
    expect(excursions({ rules, log: ended })).toMatchObject([{ confirmedAt: at('10:15'), criticalAt: null }])
    const unconfirmed = [reading('10:00', 9), reading('10:10', 5)]
    expect(excursions({ rules: [fridge({ maxExcursionMinutes: 5 })], log: unconfirmed })).toMatchObject([
      { confirmedAt: null, criticalAt: null },
    ])
  })
})

describe('a new version', () => {
  test('judges the held value again and may end an excursion', () => {
    const log = [reading('10:00', 9)]
    const rules = [fridge(), fridge({ tempMax: 10 }, '10:15')]
    // configuration comes before the timer of the same instant
    expect(excursions({ rules, log, asOf: '11:00' })).toMatchObject([
      { endedAt: at('10:15'), confirmedAt: null },
    ])
  })

  test('never starts one, before the first version there is none, and a flip by limits only ends', () => {
    const log = [reading('10:00', 7), reading('10:30', 7)]
    const rules = [fridge({ tempMax: 6 }, '10:10')]
    expect(excursions({ rules, log })).toMatchObject([{ startedAt: at('10:30') }])
    const flip = [fridge({ tempMax: 6 }), fridge({ tempMin: 7.5 }, '10:10')]
    expect(excursions({ rules: flip, log: log.slice(0, 1), asOf: '11:00' })).toMatchObject([
      { direction: 'high', startedAt: at('10:00'), endedAt: at('10:10') },
    ])
  })

  test('does not judge a lapsed value, nor the held one where a reading comes at that instant', () => {
    const lapsed = {
      rules: [fridge(silentAfter30), fridge({ tempMax: 10 }, '10:31')],
      log: [reading('10:00', 9)],
    }
    expect(excursions({ ...lapsed, asOf: '11:00' })).toMatchObject([{ endedAt: null }])
    const rules = [fridge(), fridge({ tempMax: 10 }, '10:10')]
    const log = [reading('10:00', 9), reading('10:10', 11)]
    expect(excursions({ rules, log })).toMatchObject([{ endedAt: null, count: 2 }])
  })

  test('changes the limit of the degree-minutes and the confirm time from its instant on', () => {
    const rules = [fridge(), fridge({ tempMax: 6, excursionConfirmMinutesDoorClosed: 5 }, '10:10')]
    // 10 × 1 + 10 × 3; five minutes are long over at 10:10
    expect(excursions({ rules, log: [reading('10:00', 9)], asOf: '10:20' })).toMatchObject([
      { confirmedAt: at('10:10'), degreeMinutes: 40 },
    ])
  })

  test('does not revive what has lapsed', () => {
    const rules = [fridge(silentAfter30), fridge({}, '10:40')]
    expect(excursions({ rules, log: [reading('10:00', 9)], asOf: '11:00' })).toMatchObject([
      { knownSeconds: 1800 },
    ])
  })
})

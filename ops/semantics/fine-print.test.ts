// semantics.md, "Fine print".
import { expect, test } from 'vitest'
import { at, door, reading, rule, seen } from '../../processors/testing/scenario.ts'
import { alerts, fridge, heard, hours, judged, statuses, valuesOf } from './judged-twice.ts'

const excursions = (scenario: Parameters<typeof valuesOf>[1]) => valuesOf('excursions', scenario)

test('At one instant: configuration version first, then observations in deviceId order, then timers.', () => {
  const log = [
    reading('10:00', 9),
    reading('10:15', 9, { deviceId: 'z' }),
    reading('10:15', 5, { deviceId: 'a' }),
  ]
  // The version of 10:15 makes 9 °C in range before z says it again; the timer of 10:15 finds nothing left.
  const widened = [fridge(), fridge({ tempMax: 9 }, '10:15')]
  expect(excursions({ rules: widened, log, asOf: '11:00' })).toMatchObject([
    { endedAt: at('10:15'), confirmedAt: null, count: 1 },
  ])
  // Without it a ends, then z starts anew.
  expect(excursions({ rules: [fridge()], log, asOf: '10:29' })).toMatchObject([
    { endedAt: at('10:15'), confirmedAt: null },
    { startedAt: at('10:15'), confirmedAt: null },
  ])
})

test('Whatever ends an episode wins over its timer.', () => {
  const rules = [fridge({ ...heard, maxExcursionMinutes: 30, doorOpenWarningMinutes: 30 })]
  const log = [reading('10:00', 9), door('10:00', true), reading('10:30', 5), door('10:30', false)]
  const scenario = { rules, log, asOf: '10:40' }
  expect(excursions(scenario)).toMatchObject([{ criticalAt: null }])
  expect(valuesOf('door-openings', scenario)).toMatchObject([{ warningAt: null }])
  expect(valuesOf('silences', scenario)).toEqual([])
})

test('An episode of zero length is possible.', () => {
  const log = [
    reading('10:00', 9, { deviceId: 'a', doorOpen: true }),
    reading('10:00', 5, { deviceId: 'b', doorOpen: false }),
  ]
  expect(excursions({ rules: [fridge()], log })).toMatchObject([{ durationSeconds: 0, knownSeconds: 0 }])
  expect(valuesOf('door-openings', { rules: [fridge()], log })).toMatchObject([{ durationSeconds: 0 }])
})

test('The value is still known at exactly the hold limit.', () => {
  const rules = [fridge({ ...heard, excursionConfirmMinutesDoorClosed: 30 })]
  expect(excursions({ rules, log: [reading('10:00', 9)], asOf: '11:00' })).toMatchObject([
    { confirmedAt: at('10:30'), knownSeconds: 1800 },
  ])
})

test('A check-in without a temperature neither ends nor prolongs a value.', () => {
  const log = [reading('10:00', 9), seen('10:10'), seen('10:29', { humidity: 40 })]
  const scenario = { rules: [fridge(heard)], log, asOf: '10:50' }
  expect(excursions(scenario)).toMatchObject([{ endedAt: null, knownSeconds: 1800, count: 1 }])
  expect(valuesOf('silences', scenario)).toEqual([])
})

test('If the value lapses before the confirm instant, the excursion is confirmed at the next out-of-range', () => {
  const rules = [fridge({ ...heard, excursionConfirmMinutesDoorClosed: 45 })]
  const after = (time: string) =>
    excursions({ rules, log: [reading('10:00', 9), reading(time, 9)], asOf: '11:30' })
  expect(after('10:50')).toMatchObject([{ confirmedAt: at('10:50') }])
  expect(after('10:40')).toMatchObject([{ confirmedAt: at('10:45') }])
  expect(excursions({ rules, log: [reading('10:00', 9)], asOf: '11:30' })).toMatchObject([
    { confirmedAt: null },
  ])
})

test('`criticalAt` is a plain timer and fires in silence too.', () => {
  const rules = [fridge({ ...heard, maxExcursionMinutes: 90 })]
  expect(excursions({ rules, log: [reading('10:00', 9)], asOf: '12:00' })).toMatchObject([
    { criticalAt: at('11:30'), knownSeconds: 1800 },
  ])
})

test('Every limit is that of the version valid at t; what has fired or lapsed is never undone by a later', () => {
  const long = { ...heard, excursionConfirmMinutesDoorClosed: 300, offlineTriggerMultiplier: 50 }
  const rules = [fridge({ ...heard, doorOpenWarningMinutes: 5 }), fridge(long, '10:40')]
  const scenario = { rules, log: [reading('10:00', 9), door('10:00', true)], asOf: '11:00' }
  expect(excursions(scenario)).toMatchObject([{ confirmedAt: at('10:15'), knownSeconds: 1800 }])
  expect(valuesOf('silences', scenario)).toMatchObject([{ detectedAt: at('10:30'), endedAt: null }])
  expect(valuesOf('door-openings', scenario)).toMatchObject([{ warningAt: at('10:05') }])
  // And the limit of the second version counts from its instant, for what has not fired yet.
  const shorter = [fridge(), fridge({ excursionConfirmMinutesDoorClosed: 3 }, '10:07')]
  expect(excursions({ rules: shorter, log: [reading('10:00', 9)], asOf: '10:30' })).toMatchObject([
    { confirmedAt: at('10:07') },
  ])
})

test('At `validFrom` the held value of an open excursion is judged again, unless it has lapsed or a', () => {
  const wide = fridge({ ...heard, tempMax: 10 }, '10:31')
  expect(excursions({ rules: [fridge(), wide], log: [reading('10:10', 9)], asOf: '11:00' })).toMatchObject([
    { endedAt: at('10:31') },
  ])
  const lapsed = { rules: [fridge(heard), wide], log: [reading('10:00', 9)], asOf: '11:00' }
  expect(excursions(lapsed)).toMatchObject([{ endedAt: null }])
  const read = { rules: [fridge(), wide], log: [reading('10:10', 9), reading('10:31', 11)], asOf: '11:00' }
  expect(excursions(read)).toMatchObject([{ endedAt: null, count: 2 }])
})

test('a new version may end an excursion, never start one.', () => {
  const rules = [fridge(), fridge({ tempMax: 4 }, '10:30'), fridge({ tempMax: 4, tempMin: 4 }, '10:40')]
  const log = [reading('10:00', 5), reading('10:50', 5)]
  expect(excursions({ rules, log })).toMatchObject([{ startedAt: at('10:50') }])
  // From high to low by limits alone: one ends, none starts.
  const flip = [fridge(), fridge({ tempMin: 10, tempMax: 20 }, '10:30')]
  expect(excursions({ rules: flip, log: [reading('10:00', 9)], asOf: '11:00' })).toMatchObject([
    { direction: 'high', endedAt: at('10:30') },
  ])
})

test("Before a unit's first version there are no limits, no hold limit and no silence.", () => {
  const rules = [fridge(heard, '16 00:00')]
  const scenario = { rules, log: [reading('10:00', 90)], asOf: '15:00' }
  expect(excursions(scenario)).toEqual([])
  expect(valuesOf('silences', scenario)).toEqual([])
  expect(hours(scenario).map(({ knownSeconds }) => knownSeconds)).toEqual([3600, 3600, 3600, 3600, 3600])
})

test('Not set means: confirm time closed 0, open the same as closed, mask budget unlimited, maximum,', () => {
  const bare = [rule({ tempMax: 8 })]
  const log = [door('10:00', true), reading('10:00', 9)]
  expect(excursions({ rules: bare, log, asOf: '20:00' })).toMatchObject([
    { confirmedAt: at('10:00'), criticalAt: null, knownSeconds: 36_000 },
  ])
  expect(valuesOf('door-openings', { rules: bare, log, asOf: '20:00' })).toMatchObject([
    { warningAt: null, criticalAt: null },
  ])
  expect(alerts({ rules: bare, log, asOf: '20:00' })).toEqual(['alarm_active 10:00-'])
  expect(valuesOf('silences', { rules: bare, log, asOf: '20:00' })).toEqual([])
  const closedOnly = [rule({ tempMax: 8, excursionConfirmMinutesDoorClosed: 20 })]
  expect(excursions({ rules: closedOnly, log, asOf: '20:00' })).toMatchObject([{ confirmedAt: at('10:20') }])
  const openOnly = [rule({ tempMax: 8, excursionConfirmMinutesDoorOpen: 600 })]
  expect(excursions({ rules: openOnly, log, asOf: '20:00' })).toMatchObject([{ confirmedAt: at('20:00') }])
  const interval = [rule({ tempMax: 8, expectedReadingIntervalSeconds: 600 })]
  expect(valuesOf('silences', { rules: interval, log, asOf: '20:00' })).toMatchObject([
    { detectedAt: at('10:10'), warningAt: null, criticalAt: null },
  ])
})

test('The mask budget counts all door-open time of the local day, in an excursion or not.', () => {
  const rules = [fridge({ excursionConfirmMinutesDoorOpen: 60, doorOpenMaxMaskMinutesPerDay: 30 })]
  const used = [door('08:00', true), door('08:30', false)]
  const log = [door('10:00', true), reading('10:00', 9)]
  expect(excursions({ rules, log, asOf: '12:00' })).toMatchObject([{ confirmedAt: at('10:30') }])
  expect(excursions({ rules, log: [...used, ...log], asOf: '12:00' })).toMatchObject([
    { confirmedAt: at('10:15') },
  ])
})

test("The last door report of any device is the unit's door, without a hold limit.", () => {
  const rules = [fridge({ ...heard, excursionConfirmMinutesDoorOpen: 60 })]
  const log = [
    door('01:00', false),
    door('02:00', true, { deviceId: 'other' }),
    reading('10:00', 9),
    reading('10:25', 9),
    reading('10:50', 9),
  ]
  expect(excursions({ rules, log, asOf: '11:00' })).toMatchObject([{ confirmedAt: at('11:00') }])
})

test('A first report "open" starts an opening.', () => {
  expect(valuesOf('door-openings', { log: [door('10:00', true)] })).toMatchObject([{ openedAt: at('10:00') }])
})

test('An uplink counts in its first delivery, whatever copies say; then clock, unit and identity are', () => {
  const devices = { probe: [{ validFrom: at('10:00'), unitId: 'fridge' }] }
  const log = [
    // Clock before unit: no version assigns the device at 09:00, but its clock is wrong first.
    reading('09:00', 5, { receivedAt: at('08:00'), sessionKeyId: 's', fCnt: 1 }),
    // A copy of the first, now with a right clock, counts no more.
    reading('10:00', 9, { sessionKeyId: 's', fCnt: 1 }),
    // Unit before identity: the same instant and another value, but both unassigned.
    reading('09:30', 5, { sessionKeyId: 's', fCnt: 2 }),
    reading('09:30', 6, { sessionKeyId: 's', fCnt: 3 }),
  ]
  const lines = judged({ units: { fridge: [fridge()] }, devices }, log)
  expect(lines.map(({ topic, value }) => `${topic} ${value.reason} ${value.temperature}`).toSorted()).toEqual(
    ['quarantine clock 5', 'quarantine unassigned 5', 'quarantine unassigned 6'],
  )
})

test('Retention is calendar months back from `receivedAt`.', () => {
  const old = (iso: string, receivedAt: string) => reading('10:00', 5, { recordedAt: iso, receivedAt })
  const refused = (log: Parameters<typeof valuesOf>[1]['log']) =>
    valuesOf('quarantine', { retentionMonths: 1, rules: [fridge()], log }).map(({ reason }) => reason)
  // February: 15 February back from 15 March is 28 days, 15 January back from 15 February is 31.
  expect(refused([old('2026-02-15T10:00:00Z', '2026-03-15T10:00:00Z')])).toEqual([])
  expect(refused([old('2026-02-15T09:59:59Z', '2026-03-15T10:00:00Z')])).toEqual(['clock'])
  expect(refused([old('2026-01-15T10:00:00Z', '2026-02-15T10:00:00Z')])).toEqual([])
})

test('A conflict compares temperature, humidity and door together;', () => {
  const log = [
    reading('10:00', 5, { humidity: 40, doorOpen: false }),
    reading('10:00', 5, { humidity: 40, doorOpen: true, sessionKeyId: 's', fCnt: 1 }),
    reading('10:00', 5, { humidity: 41, doorOpen: false, sessionKeyId: 's', fCnt: 2 }),
    reading('10:00', 5, { humidity: 40, doorOpen: false, sessionKeyId: 's', fCnt: 3 }),
  ]
  expect(valuesOf('quarantine', { rules: [fridge()], log })).toMatchObject([
    { reason: 'conflict', doorOpen: false, humidity: 41 },
    { reason: 'conflict', doorOpen: true, humidity: 40 },
  ])
})

test('simulated samples have identities of their own.', () => {
  const log = [reading('10:00', 30, { simulated: true }), reading('10:00', 5)]
  const scenario = { rules: [fridge()], log }
  expect(valuesOf('quarantine', scenario)).toEqual([])
  expect(hours(scenario)).toMatchObject([{ count: 1, max: 5 }])
})

test('A sample of a device that no version assigns goes to quarantine as `unassigned`.', () => {
  const devices = {
    probe: [
      { validFrom: at('10:00'), unitId: 'fridge' },
      { validFrom: at('11:00'), unitId: null },
    ],
  }
  const log = [
    reading('09:59', 5),
    reading('10:00', 5),
    reading('11:00', 5),
    reading('10:30', 5, { deviceId: 'stranger' }),
  ]
  const refused = judged({ units: { fridge: [fridge()] }, devices }, log).filter(
    ({ topic }) => topic === 'quarantine',
  )
  expect(refused.map(({ value }) => [value.reason, value.recordedAt]).toSorted()).toEqual([
    ['unassigned', at('09:59')],
    ['unassigned', at('10:30')],
    ['unassigned', at('11:00')],
  ])
})

test('A device gives the temperature by its kind, and without a kind from its first temperature on.', () => {
  const units = { fridge: [fridge(heard)] }
  const silent = (kind: 'temperature' | 'door' | null, log: Parameters<typeof judged>[1]) =>
    judged({ units, devices: { probe: [{ validFrom: 0, unitId: 'fridge', kind }] } }, log, '12:00')
      .filter(({ topic }) => topic === 'silences')
      .map(({ value }) => value.startedAt)
  expect(silent('temperature', [seen('10:00')])).toEqual([at('10:00')])
  expect(silent(null, [seen('10:00')])).toEqual([])
  expect(silent(null, [seen('10:00'), reading('10:10', 5), seen('10:20')])).toEqual([at('10:20')])
  expect(silent('door', [seen('10:00', { doorOpen: true })])).toEqual([])
})

test('Replayed history is no check-in, only the uplink that carries it is.', () => {
  const carried = { sessionKeyId: 's', fCnt: 2 }
  const log = [
    reading('10:00', 5, { sessionKeyId: 's', fCnt: 1 }),
    seen('11:00', carried),
    reading('10:20', 5, { ...carried, history: true, receivedAt: at('11:00') }),
  ]
  expect(valuesOf('silences', { rules: [fridge(heard)], log, asOf: '11:10' })).toMatchObject([
    { startedAt: at('10:00'), endedAt: at('11:00') },
  ])
})

test('Moving a device away is no event: the unit falls silent.', () => {
  const devices = {
    probe: [
      { validFrom: 0, unitId: 'fridge' },
      { validFrom: at('10:10'), unitId: 'other' },
    ],
  }
  const units = { fridge: [fridge(heard)], other: [fridge(heard)] }
  const lines = judged({ units, devices }, [reading('10:00', 5), reading('10:20', 5)], '10:45')
  expect(lines.filter(({ topic }) => topic === 'silences')).toMatchObject([
    { key: 'fridge', value: { startedAt: at('10:00'), detectedAt: at('10:30') } },
  ])
})

test("A silence's duration runs from `lastSeen`; missed check-ins are taken at its end.", () => {
  // At the end the second version is valid: 35 min are 7 intervals of 5 min.
  const rules = [fridge(heard), fridge({ ...heard, expectedReadingIntervalSeconds: 300 }, '10:32')]
  const log = [reading('10:00', 5), seen('10:35')]
  expect(valuesOf('silences', { rules, log })).toMatchObject([{ durationSeconds: 2100, missedCheckins: 7 }])
})

test('Status begins with the first observation; another cause under the same status is no event;', () => {
  expect(statuses({ rules: [fridge()], log: [door('10:00', false)] })).toEqual(['10:00 ok'])
  const flips = [reading('10:00', 9), reading('10:05', 1), reading('10:10', 9)]
  expect(statuses({ rules: [fridge()], log: flips })).toEqual(['10:00 excursion'])
})

test('`restoring` goes on after an unconfirmed excursion in between.', () => {
  const log = [reading('10:00', 9), reading('10:20', 5), reading('10:25', 9), reading('10:30', 5)]
  expect(statuses({ rules: [fridge({ delayMinutes: 20 })], log, asOf: '11:00' })).toEqual([
    '10:00 excursion',
    '10:15 alarm_active',
    '10:20 restoring',
    '10:25 excursion',
    '10:30 restoring',
    '10:40 ok',
  ])
})

test("An alert's cause is confirmed at `confirmedAt`, `detectedAt`, or an opening's first warning or", () => {
  const rules = [
    fridge({ ...heard, doorOpenWarningMinutes: 9, doorOpenCriticalMinutes: 6, delayMinutes: 10 }),
  ]
  const log = [reading('10:00', 9), door('10:00', true)]
  expect(alerts({ rules, log, asOf: '11:00' }).toSorted()).toEqual([
    'alarm_active 10:25-',
    'door_open 10:16-',
    'monitoring_interrupted 10:40-',
  ])
})

test('no alert opens if the cause ends within the delay.', () => {
  const rules = [fridge({ ...heard, doorOpenWarningMinutes: 5, delayMinutes: 10 })]
  const log = [
    reading('10:00', 9),
    door('10:00', true),
    door('10:15', false),
    reading('10:25', 5),
    seen('11:05'),
  ]
  expect(alerts({ rules, log, asOf: '11:10' })).toEqual([])
})

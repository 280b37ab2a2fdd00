import { expect, test } from 'vitest'
import { at, fridge, UnitDriver, zoned } from './unit-driver.ts'

const rule = {
  tempMax: 8,
  excursionConfirmMinutesDoorClosed: 10,
  delayMinutes: 20,
  severity: 'critical' as const,
}

test('an alert opens delayMinutes after its cause is confirmed, and the end of the cause resolves it', () => {
  const driver = new UnitDriver(fridge(rule)).pipe({ at: '10:00', temperature: 9 }).advanceTo('10:29')
  expect(driver.last('alerts')).toEqual([])
  expect(driver.advanceTo('10:30').last('alerts')).toMatchObject([
    {
      alertType: 'alarm_active',
      severity: 'critical',
      status: 'active',
      causeStartedAt: at('10:00'),
      triggeredAt: at('10:30'),
      causeId: driver.last('excursions')[0]?.id,
    },
  ])
  driver.pipe({ at: '11:00', temperature: 5 }).advanceTo('11:00')
  expect(driver.last('alerts')).toMatchObject([{ status: 'resolved', resolvedAt: at('11:00') }])
})

test('no alert opens if the cause ends within the delay, its last instant included', () => {
  const driver = new UnitDriver(fridge(rule)).pipe(
    { at: '10:00', temperature: 9 },
    { at: '10:30', temperature: 5 },
  )
  expect(driver.advanceTo('12:00').last('alerts')).toEqual([])
})

test('a silence is confirmed at detectedAt', () => {
  const driver = new UnitDriver(fridge({ expectedReadingIntervalSeconds: 600, delayMinutes: 5 }))
  driver.pipe({ at: '10:00', temperature: 5 }).advanceTo('10:20')
  expect(driver.last('alerts')).toMatchObject([
    { alertType: 'monitoring_interrupted', causeStartedAt: at('10:00'), triggeredAt: at('10:15') },
  ])
})

test('an opening is confirmed at its first warning or critical instant, once', () => {
  const driver = new UnitDriver(fridge({ doorOpenWarningMinutes: 10, doorOpenCriticalMinutes: 4 }))
  driver.pipe({ at: '10:00', doorOpen: true }).advanceTo('11:00')
  expect(driver.last('alerts')).toMatchObject([{ alertType: 'door_open', triggeredAt: at('10:04') }])
})

test('outside the schedule an alert waits for its next hours, in local time', () => {
  // Monday 10:00 to 11:00 in New York is 15:00 to 16:00 UTC.
  const schedule = { days: [1], startHour: 10, endHour: 11 }
  const driver = new UnitDriver(zoned('America/New_York', { ...rule, schedule }))
  driver.pipe({ at: '10:00', temperature: 9 }).advanceTo('20:00')
  expect(driver.last('alerts')).toMatchObject([{ triggeredAt: at('15:00') }])
})

test('a schedule that never opens gives no alert', () => {
  const driver = new UnitDriver(fridge({ ...rule, schedule: { days: [], startHour: 0, endHour: 24 } }))
  driver.pipe({ at: '10:00', temperature: 9 }).advanceTo('2026-03-02T10:00:00Z')
  expect(driver.last('alerts')).toEqual([])
})

test('a new delay counts from the confirmation, and what is overdue opens at its validFrom', () => {
  const driver = new UnitDriver(fridge(rule, { ...rule, validFrom: at('10:25'), delayMinutes: 5 }))
  driver.pipe({ at: '10:00', temperature: 9 }).advanceTo('10:40')
  expect(driver.last('alerts')).toMatchObject([{ triggeredAt: at('10:25') }])
})

test('a cause that a late sample takes away retracts its alert', () => {
  const driver = new UnitDriver(fridge(rule)).pipe({ at: '10:00', temperature: 9 }).advanceTo('10:40')
  driver.pipe({ at: '10:05', temperature: 5 }).advanceTo('10:41')
  expect(driver.sent.alerts.map(({ status }) => status)).toEqual(['active', 'retracted'])
})

test('escalated by time unacknowledged: each level at its instant, by timer', () => {
  const driver = new UnitDriver(fridge({ ...rule, delayMinutes: 0, escalationMinutes: [15, 60] }))
  driver.pipe({ at: '10:00', temperature: 9 }).advanceTo('10:24')
  expect(driver.last('alerts')).toMatchObject([{ status: 'active', escalatedAt: [] }])
  expect(driver.advanceTo('10:25').last('alerts')).toMatchObject([
    { status: 'escalated', escalatedAt: [at('10:25')], triggeredAt: at('10:10') },
  ])
  expect(driver.restart().advanceTo('11:30').last('alerts')).toMatchObject([
    { status: 'escalated', escalatedAt: [at('10:25'), at('11:10')], revision: 3 },
  ])
  driver.pipe({ at: '11:40', temperature: 5 }).advanceTo('11:40')
  expect(driver.last('alerts')).toMatchObject([
    { status: 'resolved', resolvedAt: at('11:40'), escalatedAt: [at('10:25'), at('11:10')] },
  ])
})

test('an acknowledgement that is dated later than the clock goes out when the clock gets there', () => {
  const driver = new UnitDriver(fridge({ ...rule, delayMinutes: 0 }))
  driver.pipe({ at: '10:00', temperature: 9 }).advanceTo('10:20')
  const [alert] = driver.last('alerts')
  driver.enter('10:25', alert!.id).advanceTo('10:21').advanceTo('10:25')
  expect(driver.last('alerts')).toMatchObject([{ status: 'acknowledged', acknowledgedAt: at('10:25') }])
})

test('an acknowledged alert is not escalated any more; at exactly the instant the acknowledgement wins', () => {
  const levels = { ...rule, delayMinutes: 0, escalationMinutes: [15, 60] }
  const driver = new UnitDriver(fridge(levels)).pipe({ at: '10:00', temperature: 9 }).advanceTo('10:20')
  const [alert] = driver.last('alerts')
  driver.enter('10:25', alert!.id).advanceTo('13:00')
  expect(driver.last('alerts')).toMatchObject([
    { status: 'acknowledged', acknowledgedAt: at('10:25'), escalatedAt: [] },
  ])
  driver.pipe({ at: '13:10', temperature: 5 }).advanceTo('13:10')
  expect(driver.last('alerts')).toMatchObject([{ status: 'resolved', acknowledgedAt: at('10:25') }])
})

test('an acknowledgement counts from the instant of the alert on, and the first one stands', () => {
  const driver = new UnitDriver(fridge({ ...rule, delayMinutes: 0 })).pipe({ at: '10:00', temperature: 9 })
  const [alert] = driver.advanceTo('10:20').last('alerts')
  expect(alert).toMatchObject({ triggeredAt: at('10:10') })
  driver.enter('10:09:59.999', alert!.id).advanceTo('10:20')
  expect(driver.last('alerts')).toMatchObject([{ status: 'active', acknowledgedAt: null }])
  driver.enter('10:10', alert!.id).enter('10:15', alert!.id).advanceTo('10:20')
  expect(driver.last('alerts')).toMatchObject([{ status: 'acknowledged', acknowledgedAt: at('10:10') }])
})

test('an acknowledgement that is heard of late takes back the levels after it', () => {
  const levels = { ...rule, delayMinutes: 0, escalationMinutes: [15, 60] }
  const driver = new UnitDriver(fridge(levels)).pipe({ at: '10:00', temperature: 9 }).advanceTo('11:30')
  const [alert] = driver.last('alerts')
  expect(alert).toMatchObject({ escalatedAt: [at('10:25'), at('11:10')] })
  driver.enter('10:30', alert!.id).advanceTo('11:30')
  expect(driver.last('alerts')).toMatchObject([
    { status: 'acknowledged', escalatedAt: [at('10:25')], acknowledgedAt: at('10:30') },
  ])
})

test('levels of escalation are those of the version valid then; what has fired stays', () => {
  const driver = new UnitDriver(
    fridge(
      { ...rule, delayMinutes: 0, escalationMinutes: [10, 30, 90] },
      { ...rule, delayMinutes: 0, escalationMinutes: [60], validFrom: at('10:45') },
      { ...rule, delayMinutes: 0, escalationMinutes: [5, 6, 7], validFrom: at('11:00') },
    ),
  )
  driver.pipe({ at: '10:00', temperature: 9 }).advanceTo('12:00')
  expect(driver.last('alerts')).toMatchObject([{ escalatedAt: [at('10:20'), at('10:40'), at('11:00')] }])
})

import { expect, test } from 'vitest'
import { noRule } from '../processors/limits.ts'
import type { Uplink } from '../schemas/generated/types.ts'
import { TestDriver } from './test-driver.ts'
import { uplinkOf } from './testing/counting.ts'
import { topology } from './topology.ts'

const at = (time: string): number => Date.parse(`2026-02-02T${time}:00Z`)

const measured = (fCnt: number, time: string, temperature: number): Uplink => ({
  ...uplinkOf('70B3D57ED0000001', fCnt, at(time)),
  sessionKeyId: 'session',
  receivedAt: at(time),
  decodedPayload: JSON.stringify({ temperature }),
})

function fridge(): TestDriver {
  const driver = new TestDriver(topology)
  driver.pipe('devices', {
    devEui: '70B3D57ED0000001',
    deviceId: 'probe',
    versions: [
      {
        validFrom: 0,
        organizationId: 'org',
        unitId: 'unit',
        kind: 'temperature',
        vendor: null,
        model: null,
        probe: null,
        calibrationOffset: 0,
        calibrationValidUntil: null,
        openIs: null,
      },
    ],
  })
  const rule = {
    ...noRule,
    tempMax: 8,
    excursionConfirmMinutesDoorClosed: 15,
    expectedReadingIntervalSeconds: 600,
  }
  driver.pipe('unit-configs', {
    unitId: 'unit',
    organizationId: 'org',
    siteId: 'site',
    timeZone: 'UTC',
    devices: [],
    versions: [{ ...rule, offlineTriggerMultiplier: 3 }],
  })
  return driver
}

test('from an uplink to its alert, by the clock alone', () => {
  const driver = fridge()
    .pipe('uplinks', measured(1, '10:00', 5), measured(2, '10:05', 9.1))
    .advanceTo(at('10:20'))
  expect(driver.drain('readings')).toHaveLength(2)
  expect(driver.drain('excursions').at(-1)).toMatchObject({
    startedAt: at('10:05'),
    confirmedAt: at('10:20'),
  })
  expect(driver.drain('alerts')).toMatchObject([{ alertType: 'alarm_active', triggeredAt: at('10:20') }])
  expect(driver.drain('dead-letters')).toEqual([])
})

test('a kill between any two uplinks changes nothing', () => {
  const uplinks = [
    measured(1, '10:00', 5),
    measured(2, '10:10', 9),
    measured(2, '10:10', 9),
    measured(4, '10:30', 5),
    measured(3, '10:20', 9),
  ]
  const steady = fridge()
  const killed = fridge()
  for (const uplink of uplinks) {
    steady.pipe('uplinks', uplink)
    killed.pipe('uplinks', uplink).restart()
  }
  steady.advanceTo(at('14:00'))
  killed.advanceTo(at('14:00')).restart()
  for (const topic of ['readings', 'excursions', 'silences', 'unit-status', 'alerts', 'rollups'] as const) {
    const outcome = steady.drain(topic)
    expect(outcome.length).toBeGreaterThan(0)
    expect(killed.drain(topic)).toEqual(outcome)
  }
})

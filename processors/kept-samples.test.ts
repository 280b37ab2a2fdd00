import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { UnitChangelog, UnitConfig } from '../schemas/generated/types.ts'
import type { Observation } from './fold-state.ts'
import { centiOf, DevicePlaces, fromCenti, keepSamples, restoreSamples } from './kept-samples.ts'
import { loadUnit, saveUnit } from './unit-changelog.ts'
import { at, fridge, UnitDriver } from './unit-driver.ts'

const observation = fc.record<Observation>({
  timeMs: fc.integer({ min: 0, max: 2 ** 42 }),
  deviceId: fc.constantFrom('a', 'b', 'c'),
  kind: fc.constantFrom(null, 'temperature', 'door'),
  temperatureC: fc.option(fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(5.1 + 0.3, -0.01, -0, 21.55))),
  humidity: fc.option(fc.oneof(fc.double({ noNaN: true }), fc.constantFrom(0, 40, 55.5))),
  doorOpen: fc.option(fc.boolean()),
  doorOpenCount: fc.option(fc.nat()),
  lastOpenSeconds: fc.option(fc.double({ noNaN: true })),
  batteryPercent: fc.option(fc.integer({ min: 0, max: 100 })),
  batteryVolts: fc.option(fc.double({ noNaN: true })),
  fault: fc.boolean(),
  gatewayId: fc.constantFrom(null, 'roof', 'cellar'),
  history: fc.boolean(),
})

const config: UnitConfig = {
  ...fridge({}),
  devices: ['c', 'd', 'c'].map((deviceId) => ({
    ...{ deviceId, validFrom: 0, validUntil: null, calibrationValidUntil: null, silentMinutes: null },
  })),
}

test('samples come back as they were, to the last bit', () => {
  fc.assert(
    fc.property(fc.array(observation), fc.boolean(), (list, isConfigured) => {
      const observations = list.toSorted((a, b) => a.timeMs - b.timeMs)
      const known = isConfigured ? ['c', 'd'] : []
      const places = new DevicePlaces(known, [])
      const kept = { ...keepSamples(observations, places), records: [], devices: places.others }
      const restored = restoreSamples(kept as never, new DevicePlaces(known, kept.devices))
      expect(restored).toEqual(observations)
      if (isConfigured) expect(kept.devices).not.toContain('c')
    }),
  )
})

test('hundredths stand for a number only where they are that number', () => {
  expect([21.5, -18.37, 0, 100].map(centiOf)).toEqual([2150, -1837, 0, 10_000])
  expect(fromCenti(2150)).toBe(21.5)
  for (const inexact of [5.1 + 0.3, 0.001, -0, 1e9, Infinity, Number.NaN, null])
    expect(centiOf(inexact)).toBe(null)
})

test('a configured unit keeps each device once, and no id twice', () => {
  const unit = new UnitDriver(config).pipe(
    { at: '10:00', device: 'c', temperature: 5, gatewayId: 'roof' },
    { at: '10:00:00.001', device: 'door', kind: 'door', doorOpen: true },
    { at: '10:10', device: 'c', temperature: 5.25, gatewayId: 'cellar' },
    { at: '10:20', device: 'c', temperature: 5, gatewayId: 'roof' },
  )
  const kept = saveUnit(unit.advanceTo('10:20').state, unit.nextTimer())
  expect(kept).toMatchObject({ devices: ['door'], gateways: ['roof', 'cellar'], records: [] })
  expect(kept.config).toMatchObject({ unitId: '', organizationId: '' })
  expect(kept.samples.map(({ afterMs, sender }) => [afterMs, sender])).toEqual([
    ...[
      [at('10:00'), 0],
      [1, 1],
      [599_999, 2],
      [600_000, 0],
    ],
  ])
  expect(kept.told.filter(({ kind }) => kind === 'door_event')).toMatchObject([{ tag: 'open|#2' }])
  expect(loadUnit(kept)).toMatchObject({ config: { ...config, siteId: '' }, organizationId: 'org' })
})

test('a state that keeps its readings as they were is read as well', () => {
  const unit = new UnitDriver(fridge({ tempMax: 8 })).pipe({ at: '10:00', temperature: 9, gatewayId: 'roof' })
  const kept = saveUnit(unit.advanceTo('10:00').state, unit.nextTimer())
  const { deviceId: _device, gatewayId: _gateway, ...values } = unit.state.records[0] as Observation
  const older: UnitChangelog = {
    ...kept,
    ...{ config: fridge({ tempMax: 8 }), devices: ['a'], senders: [], samples: [] },
    records: [{ ...values, device: 0, gateway: 0 }],
  }
  expect(loadUnit(older).records).toEqual(unit.state.records)
})

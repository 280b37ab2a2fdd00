// Versions of the configuration through both stages, as the registry publishes them.
import { expect, test } from 'vitest'
import { noRule } from '../processors/limits.ts'
import type { DeviceAssignment, Rule, UnitConfig, UnitDevice, Uplink } from '../schemas/generated/types.ts'
import { defineTopology } from './define.ts'
import { TestDriver } from './test-driver.ts'
import { uplinkOf } from './testing/counting.ts'
import { topology } from './topology.ts'

const at = (time: string): number => Date.parse(`2026-02-02T${time}:00Z`)
const devEui = '70B3D57ED0000001'

const uplink = (fCnt: number, time: string, payload: object): Uplink => ({
  ...uplinkOf(devEui, fCnt, at(time)),
  sessionKeyId: 'session',
  receivedAt: at(time),
  decodedPayload: JSON.stringify(payload),
})

const assigned = (version: Partial<DeviceAssignment>): DeviceAssignment => ({
  validFrom: 0,
  organizationId: 'org',
  unitId: 'kitchen',
  kind: 'temperature',
  vendor: null,
  model: null,
  probe: null,
  calibrationOffset: 0,
  calibrationValidUntil: null,
  openIs: null,
  ...version,
})

const configOf = (unitId: string, rules: Partial<Rule>[], devices: UnitDevice[] = []): UnitConfig => ({
  unitId,
  organizationId: 'org',
  siteId: 'site',
  timeZone: 'UTC',
  versions: rules.map((rule) => ({ ...noRule, ...rule })),
  devices,
})

const inUnit = (from: string | number, until: string | null): UnitDevice => ({
  deviceId: 'probe',
  validFrom: typeof from === 'number' ? from : at(from),
  validUntil: until === null ? null : at(until),
  calibrationValidUntil: null,
  silentMinutes: null,
})

test('a device that moves: its readings stay where they were taken, the unit it left falls silent, and its battery goes along', () => {
  const rule = { expectedReadingIntervalSeconds: 600, lowBatteryPercent: 20 }
  const driver = new TestDriver(topology)
  driver.pipe('devices', {
    devEui,
    deviceId: 'probe',
    versions: [assigned({}), assigned({ validFrom: at('10:25'), unitId: 'cellar' })],
  })
  driver.pipe('unit-configs', configOf('kitchen', [rule], [inUnit(0, '10:25')]))
  driver.pipe('unit-configs', configOf('cellar', [rule], [inUnit('10:25', null)]))
  const times = ['10:00', '10:10', '10:20', '10:30', '10:40']
  for (const [i, time] of times.entries())
    driver.pipe('uplinks', uplink(i, time, { temperature: 5, battery: 10 }))
  driver.advanceTo(at('10:45'))
  expect(driver.drain('readings').map(({ unitId }) => unitId)).toEqual([
    ...['kitchen', 'kitchen', 'kitchen'],
    ...['cellar', 'cellar'],
  ])
  expect(driver.drain('silences')).toMatchObject([
    { unitId: 'kitchen', startedAt: at('10:20'), detectedAt: at('10:30') },
  ])
  const alerts = [...new Map(driver.drain('alerts').map((alert) => [alert.id, alert])).values()]
  expect(alerts.filter(({ alertType }) => alertType === 'low_battery')).toMatchObject([
    { unitId: 'kitchen', triggeredAt: at('10:00'), resolvedAt: at('10:25') },
    { unitId: 'cellar', triggeredAt: at('10:30'), resolvedAt: null },
  ])
})

test('a calibration offset holds from its validFrom on, and late samples keep the one of their time', () => {
  const driver = new TestDriver(topology)
  driver.pipe('devices', {
    devEui,
    deviceId: 'probe',
    versions: [
      assigned({ calibrationOffset: 0.5 }),
      assigned({ validFrom: at('10:05'), calibrationOffset: -1 }),
    ],
  })
  driver.pipe('uplinks', uplink(1, '10:00', { temperature: 5 }), uplink(3, '10:10', { temperature: 5 }))
  driver.pipe('uplinks', { ...uplink(2, '10:04', { temperature: 5 }), receivedAt: at('10:30') })
  driver.pipe('uplinks', uplink(4, '10:05', { temperature: 5 }))
  expect(driver.drain('readings').map(({ recordedAt, temperature }) => [recordedAt, temperature])).toEqual([
    [at('10:00'), 5.5],
    [at('10:10'), 4],
    [at('10:04'), 5.5],
    [at('10:05'), 4],
  ])
})

test('a rule that is changed for many units is one piece of bounded work for each, and only what it changes goes out', () => {
  const units = Array.from({ length: 500 }, (_, i) => `unit ${i}`)
  const stage = topology.stages.find(({ name }) => name === 'unit')!
  const settled: string[] = []
  const counted = {
    ...stage.processor,
    settle: (...args: Parameters<typeof stage.processor.settle>) => {
      settled.push('')
      stage.processor.settle(...args)
    },
  }
  const alone = defineTopology('many', ({ source, stage: add }) => {
    const inputs = [...counted.tables, ...counted.streams].map((topic) => [topic, source(topic)])
    add(counted, Object.fromEntries(inputs) as never)
  })
  const driver = new TestDriver(alone, { recordsPerCommit: 50 })
  const rule = { tempMax: 8, expectedReadingIntervalSeconds: 600, offlineTriggerMultiplier: 3 }
  for (const unitId of units) driver.pipe('unit-configs', configOf(unitId, [rule]))
  const template = {
    ...{
      organizationId: 'org',
      deviceId: 'probe',
      devEui,
      kind: null,
      receivedAt: 0,
      humidity: null,
      doorOpen: null,
    },
    ...{
      doorOpenCount: null,
      lastOpenSeconds: null,
      batteryPercent: null,
      batteryVolts: null,
      rssi: null,
      snr: null,
    },
    ...{ gatewayId: null, fault: false, history: false, simulated: false, decoder: '', decoderVersion: 1 },
  }
  for (const [i, unitId] of units.entries())
    for (const time of ['10:00', '10:10', '10:20'])
      driver.pipe('readings', {
        ...template,
        unitId,
        recordedAt: at(time),
        temperature: i % 100 === 0 ? 7.5 : 5,
      })
  driver.advanceTo(at('10:21'))
  for (const topic of ['excursions', 'unit-status', 'alerts', 'rollups', 'silences'] as const)
    driver.drain(topic)
  settled.length = 0
  const versions = [rule, { ...rule, tempMax: 7, validFrom: at('10:15') }]
  for (const unitId of units) driver.pipe('unit-configs', configOf(unitId, versions))
  // Once a unit, and never all of them.
  expect(settled.length).toBeLessThan(4 * units.length)
  // The five at 7.5 °C are out of range from the next reading on; nobody else has anything to say.
  const excursions = driver.drain('excursions')
  expect(new Set(excursions.map(({ unitId }) => unitId)).size).toBe(5)
  expect(excursions).toMatchObject(excursions.map(() => ({ startedAt: at('10:20') })))
  expect(new Set(driver.drain('rollups').map(({ unitId }) => unitId)).size).toBe(5)
  expect(driver.drain('silences')).toEqual([])
  // Said again, nothing follows.
  for (const unitId of units) driver.pipe('unit-configs', configOf(unitId, versions))
  expect(driver.drain('excursions')).toEqual([])
})

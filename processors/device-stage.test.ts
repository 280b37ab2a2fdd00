import { expect, test } from 'vitest'
import { memoryRegistry, openCodecs } from '../schemas/codec.ts'
import type { DeviceAssignment, Quarantined, Reading, Uplink } from '../schemas/generated/types.ts'
import { deviceStage } from './device-stage.ts'
import { at } from './unit-driver.ts'

const assigned: DeviceAssignment = {
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
}

const uplink = (fCnt: number, time: string, more: Partial<Uplink> = {}): Uplink => ({
  type: 'uplink',
  devEui: 'A',
  connectionId: 'c',
  applicationId: null,
  deviceName: null,
  joinEui: null,
  devAddr: null,
  recordedAt: at(time),
  receivedAt: at(time) + 500,
  sessionKeyId: 's',
  fCnt,
  fPort: 2,
  confirmed: false,
  payload: Buffer.alloc(0),
  decodedPayload: null,
  normalizedPayload: null,
  simulated: false,
  brandId: null,
  modelId: null,
  hardwareVersion: null,
  firmwareVersion: null,
  batteryPercent: null,
  gateways: [],
  spreadingFactor: null,
  bandwidthHz: null,
  codingRate: null,
  frequencyHz: null,
  airtimeMs: null,
  networkId: null,
  correlationIds: [],
  body: null,
  ...more,
})

class Device {
  readonly readings: Reading[] = []
  readonly quarantine: Quarantined[] = []
  readonly stage = deviceStage()
  state = this.stage.initial('A')

  constructor(...versions: Partial<DeviceAssignment>[]) {
    if (versions.length > 0) this.assign(...versions)
  }

  assign(...versions: Partial<DeviceAssignment>[]): this {
    const value = { devEui: 'A', deviceId: 'device', versions: versions.map((v) => ({ ...assigned, ...v })) }
    this.stage.onRecord(this.state, { topic: 'devices', value }, () => undefined)
    return this
  }

  pipe(...uplinks: Uplink[]): this {
    for (const value of uplinks) {
      this.stage.onRecord(this.state, { topic: 'uplinks', value }, (topic, _key, record) => {
        if (topic === 'readings') this.readings.push(record as Reading)
        else this.quarantine.push(record as Quarantined)
      })
    }
    return this
  }
}

const json = (temperature: number) => ({ decodedPayload: JSON.stringify({ temperature }) })

test('a reading is of the assigned unit, with the calibration offset applied', () => {
  const device = new Device({ calibrationOffset: -0.5 }).pipe(uplink(1, '10:00', json(5)))
  expect(device.readings).toMatchObject([
    { unitId: 'unit', deviceId: 'device', kind: 'temperature', recordedAt: at('10:00'), temperature: 4.5 },
  ])
})

test('any uplink is a check-in: without a payload, and where the payload cannot be decoded', () => {
  const device = new Device({}).pipe(
    uplink(1, '10:00'),
    uplink(2, '10:10', { payload: Buffer.from('ff', 'hex') }),
  )
  expect(device.readings).toMatchObject([
    { recordedAt: at('10:00'), temperature: null },
    { recordedAt: at('10:10'), temperature: null },
  ])
  expect(device.quarantine).toMatchObject([
    { reason: 'undecodable', recordedAt: at('10:10'), unitId: 'unit' },
  ])
})

test('a join is no check-in', () => {
  expect(new Device({}).pipe(uplink(0, '10:00', { type: 'join' })).readings).toEqual([])
})

test('a value that says "no probe" is a check-in with a fault, never a temperature', () => {
  const lht65 = {
    brandId: 'dragino',
    modelId: 'lht65n',
    fPort: 2,
    payload: Buffer.from('cbf60b0d0276017fff7fff', 'hex'),
  }
  const device = new Device({ probe: 'external' }).pipe(uplink(1, '10:00', lht65))
  expect(device.readings).toMatchObject([{ temperature: null, fault: true }])
})

test('a device assigned as door gives the unit its door, and neither the room’s climate nor a fault', () => {
  const tbdw100 = {
    brandId: 'browan',
    modelId: 'tbdw100',
    fPort: 100,
    payload: Buffer.from('010b380400020500', 'hex'),
  }
  const em300 = { decodedPayload: JSON.stringify({ temperature: 21, humidity: 45, magnet_status: 'open' }) }
  const door = new Device({ kind: 'door', calibrationOffset: 1 }).pipe(
    uplink(1, '10:00', tbdw100),
    uplink(2, '10:10', em300),
  )
  expect(door.readings).toMatchObject([
    { temperature: null, humidity: null, doorOpen: true, fault: false },
    { temperature: null, humidity: null, doorOpen: true, fault: false },
  ])
  const inside = new Device({ kind: null }).pipe(uplink(1, '10:00', tbdw100), uplink(2, '10:10', em300))
  expect(inside.readings.map((r) => typeof r.temperature)).toEqual(['number', 'number'])
})

test('a probe fault of a door device is no fault of the unit', () => {
  const lht65 = {
    brandId: 'dragino',
    modelId: 'lht65n',
    fPort: 2,
    payload: Buffer.from('cbf60b0d0276017fff7fff', 'hex'),
  }
  const device = new Device({ kind: 'door', probe: 'external' }).pipe(uplink(1, '10:00', lht65))
  expect(device.readings).toMatchObject([{ temperature: null, humidity: null, fault: false }])
})

test('a live uplink whose instant a replay has brought already is told as a check-in without values', () => {
  const replay = {
    normalizedPayload: JSON.stringify([{ time: '2026-02-02T09:50:00Z', air: { temperature: 4 } }]),
  }
  const device = new Device({}).pipe(uplink(2, '10:00', replay), uplink(1, '09:50', json(4)))
  expect(device.readings.slice(1)).toMatchObject([
    { recordedAt: at('09:50'), temperature: 4, history: true },
    { recordedAt: at('09:50'), temperature: null, history: false },
  ])
  expect(device.quarantine).toEqual([])
})

test('without an assignment an uplink waits in quarantine and counts once it is sent again after one', () => {
  const device = new Device().pipe(uplink(1, '10:00', json(5)), uplink(1, '10:00', json(5)))
  expect(device.quarantine).toMatchObject([
    { reason: 'unassigned', devEui: 'A', unitId: null, temperature: 5 },
  ])
  device.assign({}).pipe(uplink(1, '10:00', json(5)), uplink(1, '10:00', json(5)))
  expect(device.readings).toHaveLength(1)
})

test('the gateway that heard it loudest is the reading’s', () => {
  const gateways = [
    { gatewayId: 'far', gatewayEui: null, rssi: -110, snr: 1 },
    { gatewayId: 'near', gatewayEui: null, rssi: -60, snr: 9 },
  ]
  expect(new Device({}).pipe(uplink(1, '10:00', { gateways })).readings).toMatchObject([
    { gatewayId: 'near', rssi: -60, snr: 9 },
  ])
})

test('replayed values are history at their own times; the uplink that carries them is the check-in', () => {
  const normalizedPayload = JSON.stringify([
    { time: '2026-02-02T09:50:00Z', air: { temperature: 4 } },
    { time: '2026-02-02T09:55:00Z', air: { temperature: 4.5 } },
  ])
  const device = new Device({}).pipe(uplink(1, '10:00', { normalizedPayload }))
  expect(device.readings.map((r) => [r.recordedAt, r.temperature, r.history])).toEqual([
    [at('10:00'), null, false],
    [at('09:50'), 4, true],
    [at('09:55'), 4.5, true],
  ])
})

test('a value that names the instant of the uplink itself is the uplink’s own', () => {
  const normalizedPayload = JSON.stringify([
    { time: '2026-02-02T09:55:00Z', air: { temperature: 4.5 } },
    { time: '2026-02-02T10:00:00Z', air: { temperature: 4 } },
  ])
  const device = new Device({}).pipe(uplink(1, '10:00', { normalizedPayload }))
  expect(device.readings.map((r) => [r.recordedAt, r.temperature, r.history])).toEqual([
    [at('10:00'), 4, false],
    [at('09:55'), 4.5, true],
  ])
  expect(device.quarantine).toEqual([])
})

test('the state survives its changelog', async () => {
  const changelog = (await openCodecs(memoryRegistry(), '')).of('device-changelog')
  const device = new Device({}).pipe(uplink(1, '10:00', json(5)))
  device.state = device.stage.load(changelog.decode(changelog.encode(device.stage.save(device.state))))
  device.pipe(uplink(1, '10:00', json(5)), uplink(2, '10:00', json(6)))
  expect(device.readings).toHaveLength(1)
  expect(device.quarantine).toMatchObject([{ reason: 'conflict', temperature: 6 }])
})

test('the door of a contact is told by the profile, and by the fleet file against it', () => {
  const frame = Buffer.from('0102011e01000000000000', 'hex')
  const opened = (fCnt: number, time: string, modelId: string) =>
    uplink(fCnt, time, { brandId: 'netvox', modelId, fPort: 6, payload: frame })
  const doorOpen = (modelId: string, version: Partial<DeviceAssignment>) =>
    new Device({ kind: 'door', ...version }).pipe(opened(1, '10:00', modelId)).readings[0]?.doorOpen
  expect(doorOpen('r311a', {})).toBe(true)
  expect(doorOpen('r311a', { openIs: 0 })).toBe(false)
  expect(doorOpen('r718f', {})).toBeNull()
  expect(doorOpen('r718f', { openIs: 1 })).toBe(true)
})

test('what the network decoded is read by the profile’s mapping, and the reading says so', () => {
  const device = new Device({}).pipe(
    uplink(1, '10:00', {
      brandId: 'mclimate',
      modelId: 'co2-display',
      payload: Buffer.from('01', 'hex'),
      decodedPayload: '{"sensorTemperature":0,"relativeHumidity":41.5,"batteryVoltage":92}',
    }),
  )
  expect(device.readings).toMatchObject([
    {
      temperature: 0,
      humidity: 41.5,
      batteryVolts: null,
      batteryPercent: 92,
      decoder: 'profile_mapping',
      decoderVersion: 2,
    },
  ])
})

test('JSON that is none is undecodable, not a crash', () => {
  const device = new Device({}).pipe(uplink(1, '10:00', { normalizedPayload: '{' }))
  expect(device.quarantine).toMatchObject([{ reason: 'undecodable' }])
})

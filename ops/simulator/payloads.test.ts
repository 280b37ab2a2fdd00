import { expect, test } from 'vitest'
import { decoderFor } from '../../processors/decoders/registry.ts'
import { type Measured, type SensorModel, sensorModel, sensorModelNames } from './payloads.ts'

/** What a sensor of this model can tell apart. */
const stepC: Record<string, number> = { 'browan/tbhv110': 1, 'dragino/lht65': 0.01 }
const lowestC: Record<string, number> = { 'browan/tbhv110': -32 }

const measured = (changes: Partial<Measured>): Measured => ({
  temperatureC: 4.2,
  humidityPercent: 61,
  caseC: 21,
  doorOpen: false,
  openings: 12,
  lastOpenSeconds: 125,
  secondsSinceChange: 300,
  batteryVolts: 3,
  batteryPercent: 88,
  ...changes,
})

function read(model: SensorModel, values: Measured) {
  const { fPort, bytes } = model.encode(values)
  const isCabled = ['lht65', 'elt-2'].includes(model.modelId)
  const options = { model: model.modelId, ...(isCabled && { probe: 'external' as const }) }
  const decoded = decoderFor(model.brandId, model.modelId)?.decode(bytes, fPort, options)
  if (decoded?.kind !== 'measurement') throw new Error(`${model.modelId}: ${JSON.stringify(decoded)}`)
  return decoded.measurement
}

test.each(sensorModelNames)(
  '%s: our decoder reads what the sensor measured, from deep frost to summer',
  (name) => {
    const model = sensorModel(...(name.split('/') as [string, string]))!
    const step = stepC[name] ?? 0.1
    for (let temperatureC = lowestC[name] ?? -39; temperatureC <= 45; temperatureC += 0.37) {
      const doorOpen = Math.round(temperatureC) % 2 === 0
      const got = read(model, measured({ temperatureC, doorOpen }))
      if (model.gives.temperature)
        expect(Math.abs((got.temperature ?? 999) - temperatureC)).toBeLessThanOrEqual(step / 2 + 1e-9)
      if (model.gives.door) expect(got.doorOpen).toBe(doorOpen)
    }
  },
)

test.each(sensorModelNames)('%s: battery and humidity come back', (name) => {
  const model = sensorModel(...(name.split('/') as [string, string]))!
  const got = read(model, measured({ batteryVolts: 2.8, batteryPercent: 40 }))
  expect(got.batteryVolts ?? 2.8).toBeCloseTo(2.8, 5)
  expect(got.batteryPercent ?? 40).toBe(40)
  expect(got.humidity ?? 61).toBeCloseTo(61, 5)
})

test('exactly zero is a temperature', () => {
  for (const name of sensorModelNames) {
    const model = sensorModel(...(name.split('/') as [string, string]))!
    if (model.gives.temperature) expect(read(model, measured({ temperatureC: 0 })).temperature).toBe(0)
  }
})

test('counters of openings come back where the payload has them', () => {
  for (const name of ['dragino/lds02', 'browan/tbdw100']) {
    const model = sensorModel(...(name.split('/') as [string, string]))!
    expect(read(model, measured({ openings: 70_000 })).doorOpenCount).toBe(70_000)
  }
})

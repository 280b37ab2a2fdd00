import { describe, expect, test } from 'vitest'
import { fromDecodedPayload, fromNormalizedPayload } from './fallback.ts'

const read = (json: unknown) => {
  const { decoded, warnings } = fromDecodedPayload(json)
  return { ...(decoded.kind === 'measurement' ? decoded.measurement : { kind: decoded.kind }), warnings }
}

describe("The Things Stack's normalized payload", () => {
  test('gives °C, % and volts, and keeps zero', () => {
    const { decoded, warnings } = fromNormalizedPayload([
      { air: { temperature: 0, relativeHumidity: 0 }, battery: 3.06, action: { contactState: 'open' } },
    ])
    expect(decoded).toEqual({
      kind: 'measurement',
      measurement: { temperature: 0, humidity: 0, doorOpen: true, batteryVolts: 3.06, batteryPercent: null },
    })
    expect(warnings).toEqual([])
  })

  test('is joined from several entries', () => {
    const { decoded } = fromNormalizedPayload([{ air: { temperature: 23.4 } }, { battery: 80 }])
    expect(decoded).toMatchObject({
      measurement: { temperature: 23.4, batteryVolts: null, batteryPercent: 80 },
    })
  })

  test('keeps entries with a time of their own at that time', () => {
    const { decoded } = fromNormalizedPayload([
      { time: '2026-01-02T03:05:00Z', air: { temperature: 5 } },
      { time: '2026-01-02T03:04:00Z', air: { temperature: 4 } },
    ])
    expect(decoded).toMatchObject({
      kind: 'history',
      samples: [
        { recordedAtMs: Date.UTC(2026, 0, 2, 3, 4), temperature: 4 },
        { recordedAtMs: Date.UTC(2026, 0, 2, 3, 5), temperature: 5 },
      ],
    })
  })

  test('with a missing probe is a fault, with nothing of ours no reading', () => {
    expect(fromNormalizedPayload([{ air: { temperature: 327.67 } }]).decoded).toMatchObject({
      measurement: { temperature: null, probeFault: true },
    })
    expect(fromNormalizedPayload([{ soil: { ph: 7 } }]).decoded.kind).toBe('none')
    expect(fromNormalizedPayload(null).decoded.kind).toBe('none')
  })
})

describe("a vendor's decoded payload", () => {
  test.each([
    [
      { TempC_SHT: 0, Hum_SHT: 0, BatV: 3.06 },
      { temperature: 0, humidity: 0, batteryVolts: 3.06 },
    ],
    [
      { TempC1: -20, Door_status: 'CLOSE' },
      { temperature: -20, doorOpen: false },
    ],
    [
      { temp: '18℃', hum: '45 %' },
      { temperature: 18, humidity: 45 },
    ],
    [{ temperature: '-3,5 °C' }, { temperature: -3.5 }],
    [{ temperature: { displayName: 'T', value: -0.5, unit: '°C' } }, { temperature: -0.5 }],
    [{ temperature: { value: 50, unit: '°F' } }, { temperature: 10 }],
    [
      { DOOR_OPEN_STATUS: 1, BAT_V: 2.9 },
      { doorOpen: true, batteryVolts: 2.9 },
    ],
    [
      { magnet_status: 'close', battery: 92 },
      { doorOpen: false, batteryPercent: 92 },
    ],
    [{ sensor: { data: { temperature: 7 } } }, { temperature: 7 }],
    [{ vdd: 3600 }, { batteryVolts: 3.6 }],
    [{ battery: '3.1V' }, { batteryVolts: 3.1 }],
    [{ temperature: 4, TempC_DS: 30 }, { temperature: 4 }],
  ])('%j is read as %j', (json, expected) => {
    expect(read(json)).toMatchObject(expected)
  })

  test('says what it could not tell', () => {
    expect(read({ contact: true })).toEqual({ kind: 'none', warnings: [expect.stringContaining('contact')] })
    expect(read({ temperature: 5, battery: 3 })).toMatchObject({ batteryVolts: null, batteryPercent: null })
    expect(read({ temperature: 5, battery: 3 }).warnings).toHaveLength(1)
  })

  test('never takes a broken probe, text or NaN for a temperature', () => {
    expect(read({ temperature: 3276.7 })).toMatchObject({ temperature: null, probeFault: true })
    expect(read({ temperature: 'NULL' })).toMatchObject({ kind: 'none' })
    expect(read({ temperature: Number.NaN })).toMatchObject({ kind: 'none' })
    expect(read([1, 2])).toMatchObject({ kind: 'none' })
  })
})

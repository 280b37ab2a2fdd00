import { describe, expect, test } from 'vitest'
import { fromMapping, type PayloadMapping } from './mapping.ts'
import { fromNetwork } from './network-payload.ts'

describe('a profile’s mapping of decoded_payload', () => {
  const mapped = (json: unknown, mapping: PayloadMapping) => {
    const { decoded, warnings } = fromMapping(json, mapping)
    return { ...(decoded.kind === 'measurement' ? decoded.measurement : { kind: decoded.kind }), warnings }
  }

  test('follows paths into objects and lists, and keeps zero', () => {
    const json = { probes: [{ value: 12 }, { value: 0 }], air: { rh: '41 %' } }
    expect(
      mapped(json, { temperature: { path: 'probes[1].value' }, humidity: { path: 'air.rh' } }),
    ).toMatchObject({ temperature: 0, humidity: 41, warnings: [] })
    expect(mapped(json, { temperature: { path: 'probes[0]' } })).toMatchObject({ temperature: 12 })
  })

  test.each([
    ['18℃', undefined, 18],
    ['64.4 °F', undefined, 18],
    [64.4, 'F', 18],
    ['18℃', 'F', 18],
    ['-3,5', 'C', -3.5],
    [{ value: 32, unit: '°F' }, 'C', 0],
  ] as const)('reads %j with the unit %s as %f °C', (value, unit, temperature) => {
    const field = unit === undefined ? { path: 't' } : { path: 't', unit }
    expect(mapped({ t: value }, { temperature: field })).toMatchObject({ temperature })
  })

  test.each([
    ['OPEN', 'open', true],
    ['closed', 'open', false],
    ['CLOSE', 'open', false],
    [1, 1, true],
    [0, 1, false],
    [0, 0, true],
    [false, true, false],
    [{ value: false }, false, true],
    ['off', 'on', false],
  ] as const)('takes the door of %j, where %j is open, for open: %s', (value, open, doorOpen) => {
    expect(mapped({ d: value }, { door: { path: 'd', open } })).toMatchObject({ doorOpen, warnings: [] })
  })

  test('tells no door of a state that is neither', () => {
    expect(mapped({ d: 'ajar' }, { door: { path: 'd', open: 'open' } })).toMatchObject({
      kind: 'none',
      warnings: [expect.stringContaining('neither open nor closed')],
    })
  })

  test('takes a percentage in a field of volts for what it is, and says so', () => {
    const battery = { path: 'b', unit: 'V' } as const
    const door = { path: 'd', open: 1 } as const
    expect(mapped({ b: 92, d: 1 }, { battery, door })).toMatchObject({
      batteryVolts: null,
      batteryPercent: 92,
      warnings: [expect.stringContaining('taken as %')],
    })
    expect(mapped({ b: 3.1, d: 1 }, { battery, door })).toMatchObject({ batteryVolts: 3.1, warnings: [] })
    expect(mapped({ b: 3100, d: 1 }, { battery: { path: 'b', unit: 'mV' }, door })).toMatchObject({
      batteryVolts: 3.1,
    })
  })

  test('finds nothing along paths that are not there, nor in what is inherited', () => {
    const nowhere = { temperature: { path: 'constructor.length' }, humidity: { path: 'a[7].b' } }
    expect(mapped({ a: [] }, nowhere)).toMatchObject({ kind: 'none', warnings: [] })
    expect(mapped('text', nowhere)).toMatchObject({ kind: 'none' })
  })
})

describe('normalized_payload held against decoded_payload', () => {
  const door: PayloadMapping = {
    door: { path: 'status', open: 1 },
    temperature: { path: 'temperatureBoard' },
  }

  test('an exact 0 °C that the normalizer dropped is restored, with a warning', () => {
    const { decoded, warnings } = fromNetwork({
      normalized: [{ air: { relativeHumidity: 41 } }],
      decoded: { temperature: 0, humidity: 41 },
    })
    expect(decoded).toMatchObject({ kind: 'measurement', measurement: { temperature: 0, humidity: 41 } })
    expect(warnings).toEqual([expect.stringContaining('drops exactly 0 °C')])
  })

  test('without a mapping, no other value of decoded_payload is mixed in', () => {
    const { decoded, warnings } = fromNetwork({
      normalized: [{ air: { relativeHumidity: 41 } }],
      decoded: { temperature: 35, humidity: 41 },
    })
    expect(decoded).toMatchObject({ measurement: { temperature: null, humidity: 41 } })
    expect(warnings).toEqual([])
  })

  test('a contact that the normalizer calls motion is a door by the mapping, with a warning', () => {
    const normalized = [{ action: { motionState: 0 }, air: { temperature: 21 }, battery: 3.6 }]
    const { decoded, warnings } = fromNetwork({
      normalized,
      decoded: { status: 1, temperatureBoard: 21 },
      mapping: door,
    })
    expect(decoded).toMatchObject({ measurement: { doorOpen: true, temperature: 21, batteryVolts: 3.6 } })
    expect(warnings).toEqual([expect.stringContaining('calls it motion')])
    expect(fromNetwork({ normalized, decoded: {}, mapping: door })).toMatchObject({
      decoded: { measurement: { doorOpen: null } },
      warnings: [expect.stringContaining('no door is told')],
    })
  })

  test.each([
    [39.2, 4],
    [-15.555555, 4],
    [0, 32],
  ])('a normalized %f beside a decoded %f °C is the wrong scale: the decoded one holds', (wrong, right) => {
    const { decoded, warnings } = fromNetwork({
      normalized: { air: { temperature: wrong } },
      decoded: { temperature: right },
    })
    expect(decoded).toMatchObject({ measurement: { temperature: right } })
    expect(warnings).toEqual([expect.stringContaining('mixes °C and °F')])
  })

  test('where both agree nothing is said, and a broken probe stays one', () => {
    expect(
      fromNetwork({ normalized: { air: { temperature: 4.04 } }, decoded: { temperature: 4 } }),
    ).toMatchObject({ decoded: { measurement: { temperature: 4.04 } }, warnings: [] })
    expect(
      fromNetwork({ normalized: { air: { temperature: 327.67 } }, decoded: { temperature: 0 } }),
    ).toMatchObject({ decoded: { measurement: { temperature: null, probeFault: true } } })
  })

  test('history of the normalized payload keeps its times beside a repair', () => {
    const time = '2026-01-02T03:05:00Z'
    const { decoded } = fromNetwork({
      normalized: [{ time, air: { temperature: 5 } }],
      decoded: { temperature: 0 },
    })
    expect(decoded).toMatchObject({
      kind: 'measurement',
      samples: [{ recordedAtMs: Date.parse(time), temperature: 5 }],
      measurement: { temperature: 0 },
    })
  })

  test('one of the two alone is read as it is', () => {
    expect(fromNetwork({ normalized: undefined, decoded: { temperature: 4 } }).source).toBe('decoded_payload')
    expect(fromNetwork({ normalized: undefined, decoded: {}, mapping: door }).source).toBe('profile_mapping')
    expect(fromNetwork({ normalized: { air: { temperature: 4 } }, decoded: undefined })).toMatchObject({
      source: 'normalized_payload',
      decoded: { measurement: { temperature: 4 } },
    })
  })
})

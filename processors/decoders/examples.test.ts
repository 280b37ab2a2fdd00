// The field's own payloads: every line of payload-examples.jsonl is decoded and held against what it says.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decoderFor } from './registry.ts'

type Example = {
  vendor: string
  device: string
  fPort: number
  hex: string
  kind: string
  temperature_c?: number
  humidity_pct?: number
  door_open?: boolean
  battery_v?: number
  battery_pct?: number
  temperature_channels?: Record<string, number>
  history?: { ts: number | string; temperature?: number; humidity?: number; magnet_status?: string }[]
}

const lines = readFileSync(new URL('./payload-examples.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
const examples = lines.map((line) => JSON.parse(line) as Example)

// The vendor's page prints 28.29 °C beside bytes 0f4d, which are 39.17 by its own formula.
const misprinted = new Map([['0bf60f4d03760c0f7d00ff', 39.17]])
// An RTD cannot be −258.97 °C, an EM300-TH not 3276.7: both say that there is no probe.
const impossibleC = (value: number) => value < -200 || value > 850

function decode({ vendor, device, fPort, hex }: Example) {
  const decoder = decoderFor(vendor, device)
  if (!decoder) throw new Error(`no decoder for ${vendor} ${device}`)
  return decoder.decode(Uint8Array.from(Buffer.from(hex, 'hex')), fPort, { model: device })
}

const near = (value: number) => expect.closeTo(value, 6)

function expectValues(example: Example, actual: object) {
  const { humidity_pct, door_open, battery_v, battery_pct, hex } = example
  const temperature = misprinted.get(hex) ?? example.temperature_c
  if (temperature !== undefined) expect(actual).toMatchObject({ temperature: near(temperature) })
  if (humidity_pct !== undefined) expect(actual).toMatchObject({ humidity: near(humidity_pct) })
  if (door_open !== undefined) expect(actual).toMatchObject({ doorOpen: door_open })
  if (battery_v !== undefined) expect(actual).toMatchObject({ batteryVolts: near(battery_v) })
  if (battery_pct !== undefined) expect(actual).toMatchObject({ batteryPercent: near(battery_pct) })
}

function expectOneOf(channels: Record<string, number>, actual: { temperature: number | null }) {
  const possible = Object.values(channels).filter((value) => !impossibleC(value))
  if (possible.length === 0) expect(actual).toMatchObject({ temperature: null, probeFault: true })
  else
    expect(possible.some((value) => Math.abs(value - (actual.temperature ?? Number.NaN)) < 1e-5)).toBe(true)
}

for (const [index, example] of examples.entries()) {
  const { vendor, device, hex } = example
  test(`example ${index + 1}, ${vendor} ${device} ${hex}, decodes to what it says`, () => {
    const decoded = decode(example)
    if (example.kind === 'measurement') {
      if (decoded.kind !== 'measurement') throw new Error(JSON.stringify(decoded))
      expectValues(example, decoded.measurement)
      if (example.temperature_channels) expectOneOf(example.temperature_channels, decoded.measurement)
    } else if (example.kind === 'history') {
      if (decoded.kind !== 'history') throw new Error(JSON.stringify(decoded))
      for (const [at, point] of (example.history ?? []).entries()) {
        expect(decoded.samples[at]).toMatchObject({
          recordedAtMs: Number(point.ts) * 1000,
          temperature: point.temperature,
          humidity: point.humidity,
          doorOpen: point.magnet_status === 'open',
        })
      }
      const channels = Object.values(example.temperature_channels ?? {})
      if (channels.length > 0) expect(decoded.samples.map((sample) => sample.temperature)).toEqual(channels)
    } else {
      expect(['none', 'error']).toContain(decoded.kind)
      if (example.battery_v !== undefined) expect(decoded).toMatchObject({ batteryVolts: example.battery_v })
    }
  })
}

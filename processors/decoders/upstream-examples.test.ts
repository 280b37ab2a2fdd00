// What the vendors and The Things Stack's device repository publish beside their decoders, as facts: every line of
// upstream-examples.jsonl names its source, and where that source is wrong, a `note` says why we differ.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Decoded, DecodeOptions, Sample } from './decoder.ts'
import { decoderFor } from './registry.ts'

type Point = { ts: number; temperature?: number | null; humidity?: number | null; door_open?: boolean }
type Example = {
  vendor: string
  device: string
  fPort: number
  hex: string
  kind: Decoded['kind']
  temperature_c?: number
  humidity_pct?: number
  door_open?: boolean
  battery_v?: number
  battery_pct?: number
  probe_fault?: true
  history?: Point[]
  receivedAt?: string
  probe?: 'internal' | 'external'
  openIs?: 0 | 1
  source: string
}

const examples = readFileSync(new URL('./upstream-examples.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Example)

function decode({ vendor, device, fPort, hex, receivedAt, probe, openIs }: Example): Decoded {
  const decoder = decoderFor(vendor, device)
  if (!decoder) throw new Error(`no decoder for ${vendor} ${device}`)
  const options: DecodeOptions = {
    model: device,
    ...(receivedAt !== undefined && { receivedAtMs: Date.parse(receivedAt) }),
    ...(probe && { probe }),
    ...(openIs !== undefined && { openIs }),
  }
  return decoder.decode(Uint8Array.from(Buffer.from(hex, 'hex')), fPort, options)
}

const near = (value: number) => expect.closeTo(value, 6)

function told(example: Example): object {
  const { temperature_c, humidity_pct, door_open, battery_v, battery_pct, probe_fault } = example
  return {
    ...(temperature_c !== undefined && { temperature: near(temperature_c) }),
    ...(humidity_pct !== undefined && { humidity: near(humidity_pct) }),
    ...(door_open !== undefined && { doorOpen: door_open }),
    ...(battery_v !== undefined && { batteryVolts: near(battery_v) }),
    ...(battery_pct !== undefined && { batteryPercent: battery_pct }),
    ...(probe_fault && { temperature: null, probeFault: true }),
  }
}

function expectPoint(actual: Sample | undefined, point: Point): void {
  expect(actual?.recordedAtMs).toBe(Math.round(point.ts * 1000))
  if (point.temperature === null) expect(actual?.temperature).toBeNull()
  else if (point.temperature !== undefined) expect(actual?.temperature).toBeCloseTo(point.temperature, 6)
  if (point.humidity !== undefined) expect(actual?.humidity).toBe(point.humidity)
  if (point.door_open !== undefined) expect(actual?.doorOpen).toBe(point.door_open)
}

for (const [index, example] of examples.entries()) {
  const { vendor, device, fPort, hex } = example
  test(`upstream example ${index + 1}, ${vendor} ${device} on port ${fPort}: ${hex}`, () => {
    const decoded = decode(example)
    expect(decoded.kind).toBe(example.kind)
    if (decoded.kind === 'measurement') expect(decoded.measurement).toMatchObject(told(example))
    if (decoded.kind === 'none' || decoded.kind === 'history') expect(decoded).toMatchObject(told(example))
    if (decoded.kind === 'history') expect(decoded.samples).toHaveLength(example.history?.length ?? 0)
    const samples = decoded.kind === 'history' || decoded.kind === 'measurement' ? decoded.samples : undefined
    for (const [at, point] of (example.history ?? []).entries()) expectPoint(samples?.[at], point)
  })
}

test('every line names where it comes from', () => {
  expect(examples.filter(({ source }) => !source)).toEqual([])
})

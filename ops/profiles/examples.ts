// The published payloads that we hold against a profile's decoder: files of JSON lines beside the decoders, each with the
// values that are right.
import { readFileSync } from 'node:fs'
import type { Decoded, DecodeOptions, Measurement } from '../../processors/decoders/decoder.ts'
import { brandOf, modelOf } from '../../processors/decoders/names.ts'
import { decoderFor } from '../../processors/decoders/registry.ts'
import type { Profile } from '../../processors/profiles/profile.ts'

export type Example = {
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
  receivedAt?: string
  probe?: 'internal' | 'external'
  openIs?: 0 | 1
  source?: string
}

const files = ['upstream-examples.jsonl', 'payload-examples.jsonl']

function linesOf(file: string): Example[] {
  const url = new URL(`../../processors/decoders/${file}`, import.meta.url)
  return readFileSync(url, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Example)
}

export function examplesOf(profile: Profile): Example[] {
  const isOurs = ({ vendor, device }: Example) =>
    brandOf(vendor) === profile.brand && profile.models.includes(modelOf(vendor, device))
  return files.flatMap(linesOf).filter(isOurs)
}

export function decodeExample(example: Example): Decoded {
  const { vendor, device, fPort, hex, receivedAt, probe, openIs } = example
  const decoder = decoderFor(vendor, device)
  if (!decoder) return { kind: 'error', error: `No decoder knows ${vendor}/${device}.` }
  const options: DecodeOptions = {
    model: modelOf(vendor, device),
    ...(receivedAt !== undefined && { receivedAtMs: Date.parse(receivedAt) }),
    ...(probe && { probe }),
    ...(openIs !== undefined && { openIs }),
  }
  return decoder.decode(new Uint8Array(Buffer.from(hex, 'hex')), fPort, options)
}

// The vendor's page prints 28.29 °C beside bytes 0f4d, which are 39.17 by its own formula.
const misprinted = new Map([['0bf60f4d03760c0f7d00ff', 39.17]])

type Told = [what: keyof Measurement, expected: number | boolean | undefined]

function temperatureOf({ hex, probe, temperature_c }: Example): number | undefined {
  return probe === undefined ? (misprinted.get(hex) ?? temperature_c) : temperature_c
}

const told = (example: Example): Told[] => [
  ['temperature', temperatureOf(example)],
  ['humidity', example.humidity_pct],
  ['doorOpen', example.door_open],
  ['batteryVolts', example.battery_v],
  ['batteryPercent', example.battery_pct],
]

function isSame(expected: number | boolean, actual: unknown): boolean {
  if (typeof expected === 'boolean') return actual === expected
  return typeof actual === 'number' && Math.abs(actual - expected) < 1e-6
}

// The older file calls everything that is no reading by what it is: config, other, decoder_error.
const isKind = (expected: string, actual: Decoded['kind']) =>
  expected === actual ||
  (!['measurement', 'history', 'none', 'error'].includes(expected) && ['none', 'error'].includes(actual))

/** What is not as the example says; empty: all is. */
export function differences(example: Example): string[] {
  const decoded = decodeExample(example)
  if (!isKind(example.kind, decoded.kind)) return [`is ${decoded.kind}, not ${example.kind}`]
  if (decoded.kind === 'error') return []
  const values: Partial<Measurement> = decoded.kind === 'measurement' ? decoded.measurement : decoded
  return told(example)
    .filter(([what, expected]) => expected !== undefined && !isSame(expected, values[what]))
    .map(([what, expected]) => `${what} is ${values[what]}, not ${expected}`)
}

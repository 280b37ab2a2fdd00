// Garbage in, no number from nowhere out: every decoder, every length, seeded noise and damaged real
// payloads.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Decoded, Measurement } from './decoder.ts'
import { allDecoders, decoderFor } from './registry.ts'

type Example = { vendor: string; device: string; fPort: number; hex: string; kind: string }

const read = (name: string) =>
  readFileSync(new URL(name, import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Example)
const examples = [...read('./payload-examples.jsonl'), ...read('./upstream-examples.jsonl')]
const ports = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 14, 85, 100, 102, 103, 106, 107, 125, 127, 204]
const extraModels: [string, string][] = [
  ...['lht65n', 'lht65n-vib', 'lsn50v2-s31', 'ds03a-lb', 'lwl03a'].map((model): [string, string] => [
    'dragino',
    model,
  ]),
  ...['em300-di', 'em300-sld', 'em300-mld', 'ts201', 'ts302', 'am308', 'em500-co2'].map(
    (model): [string, string] => ['milesight-iot', model],
  ),
  ...['dl-iam', 'dl-tp', 'dl-lp8p', 'dl-cws', 'dl-smtp'].map((model): [string, string] => [
    'decentlab',
    model,
  ]),
  ...['co2-sensor', 'aqi-sensor', 'ht-pir-lite', 'wireless-thermostat'].map((model): [string, string] => [
    'mclimate',
    model,
  ]),
  ['browan', 'cd10'],
  ['browan', 'tbms100'],
]
const devices = new Map(
  [...examples.map(({ vendor, device }) => [vendor, device]), ...extraModels].map((pair) => [
    pair.join(' '),
    pair,
  ]),
)

/** xorshift32: the same noise in every run. */
function noise(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

function within(value: number | null | undefined, lowest: number, highest: number): boolean {
  return value === null || value === undefined || (value >= lowest && value <= highest)
}

function isSound(values: Partial<Measurement>): boolean {
  return (
    within(values.temperature, -270, 1800) &&
    within(values.humidity, 0, 100) &&
    within(values.batteryVolts, 0.001, 12.7) &&
    within(values.batteryPercent, 0, 100) &&
    within(values.doorOpenCount, 0, 2 ** 24) &&
    within(values.lastOpenMinutes, 0, 2 ** 24) &&
    !(values.probeFault && values.temperature !== null) &&
    !Object.is(values.temperature, -0)
  )
}

function soundness(decoded: Decoded): boolean {
  switch (decoded.kind) {
    case 'measurement':
      return isSound(decoded.measurement) && (decoded.samples ?? []).every(isSound)
    case 'history':
      return (
        decoded.samples.length > 0 &&
        decoded.samples.every(
          (sample) => isSound(sample) && Number.isFinite(new Date(sample.recordedAtMs).getTime()),
        )
      )
    case 'none':
      return decoded.reason.length > 0 && within(decoded.batteryVolts, 0.001, 12.7)
    case 'error':
      return decoded.error.length > 0
  }
}

for (const [vendor = '', device = ''] of devices.values()) {
  test(`${vendor} ${device} answers noise of every length without a number out of range`, () => {
    const decoder = decoderFor(vendor, device)
    if (!decoder) throw new Error(`no decoder for ${vendor} ${device}`)
    const next = noise(20261121)
    for (let length = 0; length <= 64; length++) {
      for (const fPort of ports) {
        for (let round = 0; round < 3; round++) {
          const bytes = Uint8Array.from({ length }, () => next() & 0xff)
          const decoded: Decoded = decoder.decode(bytes, fPort, {
            model: device,
            receivedAtMs: Date.UTC(2026, 10, 21),
          })
          if (!soundness(decoded)) {
            expect.fail(`${Buffer.from(bytes).toString('hex')} on ${fPort}: ${JSON.stringify(decoded)}`)
          }
        }
      }
    }
  })
}

test('every decoder is reached by the noise', () => {
  const reached = new Set(
    [...devices.values()].map(([vendor = '', device = '']) => decoderFor(vendor, device)),
  )
  expect(allDecoders().filter((decoder) => !reached.has(decoder))).toEqual([])
})

test('a real payload cut short never yields a reading that its start did not carry', () => {
  for (const { vendor, device, fPort, hex } of examples) {
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'))
    for (let length = 0; length < bytes.length; length++) {
      const decoded = decoderFor(vendor, device)?.decode(bytes.subarray(0, length), fPort, { model: device })
      expect(decoded && soundness(decoded), `${vendor} ${device} ${hex} cut to ${length}`).toBe(true)
    }
  }
})

test('decoders leave the bytes as they are', () => {
  for (const { vendor, device, fPort, hex } of examples) {
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'))
    decoderFor(vendor, device)?.decode(bytes, fPort, { model: device })
    expect(Buffer.from(bytes).toString('hex')).toBe(hex)
  }
})

// Chains of items are whole wherever an item ends; every other frame is whole only as a whole.
const chains =
  /^(milesight|elsys|sensative|talkpool|adeunis|tektelic|watteco|cayenne|sensecap|dragino-(lds03a|lht65|lht52|ltc2))/

test('a frame of fixed length, cut short, is an error and no reading', () => {
  for (const { vendor, device, fPort, hex } of examples) {
    const decoder = decoderFor(vendor, device)
    if (!decoder || chains.test(decoder.name)) continue
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'))
    for (let length = 0; length < bytes.length; length++) {
      const { kind } = decoder.decode(bytes.subarray(0, length), fPort, { model: device })
      expect(
        kind === 'error' || kind === 'none',
        `${vendor} ${device} ${hex} cut to ${length}: ${kind}`,
      ).toBe(true)
    }
  }
})

test('a frame of fixed length that goes on is an error and no reading', () => {
  const next = noise(20261121)
  for (const { vendor, device, fPort, hex, kind: told } of examples) {
    const decoder = decoderFor(vendor, device)
    // Behind an MClimate answer to a downlink stands a keep-alive; a broken example may become a whole one.
    if (!decoder || chains.test(decoder.name) || decoder.name === 'mclimate' || told === 'error') continue
    const bytes = [...Buffer.from(hex, 'hex')]
    for (const extra of [1, 2, 3, 4, 5, 7, 11]) {
      const longer = Uint8Array.from([...bytes, ...Array.from({ length: extra }, () => next() & 0xff)])
      const { kind } = decoder.decode(longer, fPort, { model: device })
      expect(kind === 'error' || kind === 'none', `${vendor} ${device} ${hex} and ${extra} more`).toBe(true)
    }
  }
})

test('a chain of items, cut short, repeats only what its beginning says', () => {
  for (const { vendor, device, fPort, hex } of examples) {
    const decoder = decoderFor(vendor, device)
    if (!decoder) continue
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'))
    const whole = decoder.decode(bytes, fPort, { model: device })
    if (whole.kind !== 'measurement') continue
    for (let length = 0; length < bytes.length; length++) {
      const cut = decoder.decode(bytes.subarray(0, length), fPort, { model: device })
      if (cut.kind !== 'measurement' || cut.measurement.temperature === null) continue
      expect(cut.measurement.temperature, `${vendor} ${device} ${hex} cut to ${length}`).toBe(
        whole.measurement.temperature,
      )
    }
  }
})

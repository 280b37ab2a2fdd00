// Sensative Strips, big endian. FPort 1: 0–1 number of the newest history entry, then a chain of items, each
// a type (bit 7: it is in the history too) and a value. FPort 2, history: 0–1 number of the first entry, then
// entries of age in seconds (uint32) and item.
//
//   01 battery %     02 temperature int16 1/10 °C    04 average temperature int16    06 humidity 1/2 %
//   09 contact       0d flood %                      11 openings uint16              6e software, 8 bytes
//   50 humidity and temperature   51 humidity and average temperature   52 contact and temperature
//   03, 05, 0a–0c, 0e–10, 12, 15, 16 one byte        07, 08, 13, 14, 70–72 two bytes
// The vendor's own sources contradict each other on the sense of contact 09 and 52, so the door is told only
// by a device that is set to one of them.
import { guarded, int16be, uint8, uint16be, uint32be } from './bytes.ts'
import {
  batteryPercent,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  doorBy,
  failure,
  history,
  type Measurement,
  none,
  reading,
  relativeHumidity,
  type Sample,
  sample,
  thermometer,
  unknownPort,
} from './decoder.ts'

const rangeC = [-40, 125] as const

type Read = (bytes: Uint8Array, at: number, options: DecodeOptions) => Partial<Measurement>
type Item = { bytes: number; read?: Read }

const celsius = (bytes: Uint8Array, at: number) => thermometer(int16be(bytes, at) / 10, rangeC)
const humidity = (bytes: Uint8Array, at: number) => ({ humidity: relativeHumidity(uint8(bytes, at) / 2) })

const contact: Read = (bytes, at, options) => ({ doorOpen: doorBy(options, uint8(bytes, at)) })

const items: Record<number, Item> = {
  0: { bytes: 0 },
  1: { bytes: 1, read: (bytes, at) => ({ batteryPercent: batteryPercent(uint8(bytes, at)) }) },
  2: { bytes: 2, read: celsius },
  3: { bytes: 1 },
  4: { bytes: 2 },
  5: { bytes: 1 },
  6: { bytes: 1, read: humidity },
  7: { bytes: 2 },
  8: { bytes: 2 },
  9: { bytes: 1, read: contact },
  10: { bytes: 1 },
  11: { bytes: 1 },
  12: { bytes: 1 },
  13: { bytes: 1 },
  14: { bytes: 1 },
  15: { bytes: 1 },
  16: { bytes: 1 },
  17: { bytes: 2, read: (bytes, at) => ({ doorOpenCount: uint16be(bytes, at) }) },
  18: { bytes: 1 },
  19: { bytes: 2 },
  20: { bytes: 2 },
  21: { bytes: 1 },
  22: { bytes: 1 },
  80: { bytes: 3, read: (bytes, at) => ({ ...humidity(bytes, at), ...celsius(bytes, at + 1) }) },
  81: { bytes: 3, read: humidity },
  82: {
    bytes: 3,
    read: (bytes, at, options) => ({ ...contact(bytes, at, options), ...celsius(bytes, at + 1) }),
  },
  110: { bytes: 8 },
  112: { bytes: 2 },
  113: { bytes: 2 },
  114: { bytes: 2 },
}

type Found = { values: Partial<Measurement>; next: number } | { problem: string }

function readItem(bytes: Uint8Array, at: number, options: DecodeOptions): Found {
  const type = uint8(bytes, at) & 0x7f
  const item = items[type]
  if (!item || (type === 0 && bytes.length > 3))
    return { problem: `Item type ${type} at byte ${at} is unknown.` }
  const next = at + 1 + item.bytes
  if (next > bytes.length) return { problem: `The value of item type ${type} is cut off.` }
  return { values: item.read?.(bytes, at + 1, options) ?? {}, next }
}

function current(bytes: Uint8Array, options: DecodeOptions): Decoded {
  uint16be(bytes, 0)
  let values: Partial<Measurement> = {}
  for (let at = 2; at < bytes.length; ) {
    const found = readItem(bytes, at, options)
    if ('problem' in found) return failure(found.problem)
    values = { ...values, ...found.values }
    at = found.next
  }
  return reading(values, bytes.length > 3 ? 'Battery or other quantities' : 'Empty report')
}

function replay(bytes: Uint8Array, options: DecodeOptions): Decoded {
  const { receivedAtMs } = options
  uint16be(bytes, 0)
  const samples: Sample[] = []
  for (let at = 2; at < bytes.length; ) {
    const ageSeconds = uint32be(bytes, at)
    const found = readItem(bytes, at + 4, options)
    if ('problem' in found) return failure(found.problem)
    if (receivedAtMs !== undefined) samples.push(sample(receivedAtMs - ageSeconds * 1000, found.values))
    at = found.next
  }
  return samples.length > 0 ? history(samples) : none('History: its ages need the receive time')
}

function sensative(bytes: Uint8Array, fPort: number, options: DecodeOptions): Decoded {
  if (fPort === 1) return current(bytes, options)
  return fPort === 2 ? replay(bytes, options) : unknownPort(fPort, '1 and 2')
}

export const sensativeDecoder: Decoder = { name: 'sensative-strips', version: 2, decode: guarded(sensative) }

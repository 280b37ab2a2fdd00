// Tektelic Smart Room, Comfort, Home and Tundra sensors, FPort 10, big endian: a chain of items, each
// channel, type, value.
//
//   03 67 temperature int16 1/10 °C   04 68 humidity 1/2 %   0b 67 the board's own temperature
//   00 ba battery mV uint16           00 ff battery int16 1/100 V           00 d3 battery %
//   01 00 reed contact: 0 closed, ff open (some send 1)
// The other items (light, acceleration, motion, counts, …) are stepped over; types 10 to 17 are statistics of
// 2 bytes on any channel. FPort 5 tells of resets, 100 and up answer configuration. T0006129 (a combined unit) and other models
// speak another chain: no reading.
import { guarded, int16be, uint8, uint16be } from './bytes.ts'
import {
  batteryPercent,
  batteryVolts,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  failure,
  type Measurement,
  none,
  reading,
  relativeHumidity,
  thermometer,
  unknownPort,
} from './decoder.ts'

const rangeC = [-60, 125] as const

type Item = { bytes: number; read?: (bytes: Uint8Array, at: number) => Partial<Measurement> }

function reed(bytes: Uint8Array, at: number): Partial<Measurement> {
  const state = uint8(bytes, at)
  return { doorOpen: state === 0 || state === 1 || state === 0xff ? state !== 0 : null }
}

const items = new Map<number, Item>([
  [0x00ff, { bytes: 2, read: (bytes, at) => ({ batteryVolts: batteryVolts(int16be(bytes, at) / 100) }) }],
  [0x00ba, { bytes: 2, read: (bytes, at) => ({ batteryVolts: batteryVolts(uint16be(bytes, at) / 1000) }) }],
  [0x00bd, { bytes: 2 }],
  [0x00d3, { bytes: 1, read: (bytes, at) => ({ batteryPercent: batteryPercent(uint8(bytes, at)) }) }],
  [0x0100, { bytes: 1, read: reed }],
  [0x0367, { bytes: 2, read: (bytes, at) => thermometer(int16be(bytes, at) / 10, rangeC) }],
  [0x0468, { bytes: 1, read: (bytes, at) => ({ humidity: relativeHumidity(uint8(bytes, at) / 2) }) }],
  [0x0b67, { bytes: 2 }],
  [0x0200, { bytes: 1 }],
  [0x0502, { bytes: 2 }],
  [0x0600, { bytes: 1 }],
  [0x0771, { bytes: 6 }],
  [0x0804, { bytes: 2 }],
  [0x0965, { bytes: 2 }],
  [0x0900, { bytes: 1 }],
  [0x0a00, { bytes: 1 }],
  [0x0c00, { bytes: 1 }],
  [0x0d04, { bytes: 2 }],
  [0x0e00, { bytes: 1 }],
  [0x0f04, { bytes: 2 }],
  [0x1002, { bytes: 1 }],
  [0x1102, { bytes: 2 }],
  [0x1204, { bytes: 4 }],
])

function itemAt(bytes: Uint8Array, at: number): Item | undefined {
  const type = uint8(bytes, at + 1)
  return (
    items.get((uint8(bytes, at) << 8) | type) ?? (type >= 0x10 && type <= 0x17 ? { bytes: 2 } : undefined)
  )
}

function report(bytes: Uint8Array): Decoded {
  let values: Partial<Measurement> = {}
  for (let at = 0; at < bytes.length; ) {
    const item = itemAt(bytes, at)
    if (!item) return failure(`The item at byte ${at} is unknown.`)
    if (at + 2 + item.bytes > bytes.length) return failure(`The value of the item at byte ${at} is cut off.`)
    values = { ...values, ...item.read?.(bytes, at + 2) }
    at += 2 + item.bytes
  }
  return reading(values, 'Light, motion or other quantities')
}

function tektelic(bytes: Uint8Array, fPort: number, { model }: DecodeOptions): Decoded {
  if (fPort === 5) return none('System diagnostics')
  if (fPort >= 100) return none('Answer to configuration')
  if (fPort !== 10) return unknownPort(fPort, '5, 10 and from 100')
  return model === 't0006129' ? none('Report of a device without a thermometer of its own') : report(bytes)
}

export const tektelicDecoder: Decoder = { name: 'tektelic', version: 4, decode: guarded(tektelic) }

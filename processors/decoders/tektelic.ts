// Tektelic Smart Room, Comfort, Home and Tundra sensors, FPort 10, big endian: a chain of items, each
// channel, type, value.
//
//   03 67 temperature int16 1/10 °C   04 68 humidity 1/2 %   0b 67 the board's own temperature
//   00 ba battery mV uint16           00 ff battery int16 1/100 V           00 d3 battery %
//   01 00 reed contact: 0 closed, ff open (some send 1)
// The other items (light, acceleration, motion, counts, …) are stepped over; types 10 to 17 are statistics of
// 2 bytes on any channel. FPort 100 and up answer configuration. T0006129 (a combined unit) and other models
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

const items: Record<number, Item> = {
  255: { bytes: 2, read: (bytes, at) => ({ batteryVolts: batteryVolts(int16be(bytes, at) / 100) }) },
  186: { bytes: 2, read: (bytes, at) => ({ batteryVolts: batteryVolts(uint16be(bytes, at) / 1000) }) },
  189: { bytes: 2 },
  211: { bytes: 1, read: (bytes, at) => ({ batteryPercent: batteryPercent(uint8(bytes, at)) }) },
  256: { bytes: 1, read: reed },
  871: { bytes: 2, read: (bytes, at) => thermometer(int16be(bytes, at) / 10, rangeC) },
  1128: { bytes: 1, read: (bytes, at) => ({ humidity: relativeHumidity(uint8(bytes, at) / 2) }) },
  2919: { bytes: 2 },
  512: { bytes: 1 },
  1282: { bytes: 2 },
  1905: { bytes: 6 },
  2052: { bytes: 2 },
  2405: { bytes: 2 },
  2304: { bytes: 1 },
  2560: { bytes: 1 },
  3072: { bytes: 1 },
  3332: { bytes: 2 },
  3584: { bytes: 1 },
  3844: { bytes: 2 },
  4098: { bytes: 1 },
  4354: { bytes: 2 },
}

function itemAt(bytes: Uint8Array, at: number): Item | undefined {
  const type = uint8(bytes, at + 1)
  return items[(uint8(bytes, at) << 8) | type] ?? (type >= 0x10 && type <= 0x17 ? { bytes: 2 } : undefined)
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
  if (fPort >= 100) return none('Answer to configuration')
  if (fPort !== 10) return unknownPort(fPort, '10 and from 100')
  return model === 't0006129' ? none('Report of a device without a thermometer of its own') : report(bytes)
}

export const tektelicDecoder: Decoder = { name: 'tektelic', version: 2, decode: guarded(tektelic) }

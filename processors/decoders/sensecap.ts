// Seeed SenseCAP sensor nodes, any FPort.
//
// S2101 to S2105 and the older wireless sensors, little endian: items of 7 bytes, then a checksum of 2 (CRC-16
// Kermit; over the whole frame it comes out 0). An item: 0 channel, 1–2 what, 3–6 int32 value, in thousandths
// where it is measured.
//   1001 air temperature °C   1002 air humidity %   1006 soil temperature °C   0007 battery % and interval
// Other ids from 1000 on are other quantities; ids below are versions, serial numbers and events. 0x80000000
// is "no value".
//
// S2120 weather station, big endian, no checksum: a chain of items, id and value.
//   01, 4a  temperature int16 1/10 °C, humidity %, light 4, UV, wind 2          02, 4b  wind and rain, 8 bytes
//   03      battery %           04  battery %, versions, intervals, 9 bytes     05  intervals, 4
//   06      fault code, 0 none                                                  10  serial number, 9   4c  6
// It may introduce itself by the frames of the others.
import { guarded, int16be, int32le, uint8, uint16le } from './bytes.ts'
import {
  batteryPercent,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  failure,
  firstWorking,
  type Measurement,
  noProbe,
  reading,
  relativeHumidity,
  type Thermometer,
  thermometer,
  wrongLength,
} from './decoder.ts'

const itemBytes = 7
const rangeC = [-55, 125] as const

function checksum(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1
  }
  return crc
}

const isWholeItems = (bytes: Uint8Array) =>
  bytes.length >= itemBytes + 2 && (bytes.length - 2) % itemBytes === 0

function items(bytes: Uint8Array): Decoded {
  if (!isWholeItems(bytes)) return wrongLength(bytes, 'items of 7 bytes and a checksum of 2')
  if (checksum(bytes) !== 0) return failure('The checksum does not match: the payload is damaged.')
  const thermometers = new Map<number, Thermometer>()
  const values: Partial<Measurement> = {}
  for (let at = 0; at < bytes.length - 2; at += itemBytes) {
    const id = uint16le(bytes, at + 1)
    const thousandths = int32le(bytes, at + 3) / 1000
    if (id === 0x1001 || id === 0x1006) thermometers.set(id, thermometer(thousandths, rangeC))
    if (id === 0x1002) values.humidity = relativeHumidity(thousandths)
    if (id === 0x0007) values.batteryPercent = batteryPercent(uint16le(bytes, at + 3))
  }
  const ordered = [...thermometers].sort(([a], [b]) => a - b).map(([, found]) => found)
  return reading(
    { ...(ordered.length > 0 && firstWorking(ordered)), ...values },
    `Status of channel ${uint8(bytes, 0)}, or other quantities`,
  )
}

const stationBytes: Record<number, number> = {
  1: 10,
  2: 8,
  3: 1,
  4: 9,
  5: 4,
  6: 1,
  16: 9,
  74: 10,
  75: 8,
  76: 6,
}

const isClimate = (id: number) => id === 0x01 || id === 0x4a
const isWind = (id: number) => id === 0x02 || id === 0x4b

function stationValues(id: number, bytes: Uint8Array, at: number): Partial<Measurement> {
  if (isClimate(id)) {
    return {
      ...thermometer(int16be(bytes, at) / 10, rangeC),
      humidity: relativeHumidity(uint8(bytes, at + 2)),
    }
  }
  if (id === 0x03 || id === 0x04) return { batteryPercent: batteryPercent(uint8(bytes, at)) }
  return id === 0x06 && uint8(bytes, at) !== 0 ? noProbe : {}
}

// Without a checksum only the shape tells a sound frame: each item once, the climate never without the wind.
function station(bytes: Uint8Array): Decoded {
  let values: Partial<Measurement> = {}
  const seen: number[] = []
  for (let at = 0; at < bytes.length; ) {
    const id = uint8(bytes, at)
    const length = stationBytes[id]
    if (length === undefined) return failure(`Item 0x${id.toString(16)} at byte ${at} is unknown.`)
    if (at + 1 + length > bytes.length) return failure(`The value of item 0x${id.toString(16)} is cut off.`)
    if (seen.includes(id)) return failure(`Item 0x${id.toString(16)} stands twice.`)
    seen.push(id)
    values = { ...values, ...stationValues(id, bytes, at + 1) }
    at += 1 + length
  }
  if (seen.some(isClimate) !== seen.some(isWind)) return failure('Temperature and wind belong together.')
  if (seen.some(isClimate) && values.humidity === null) return failure('The humidity is impossible.')
  return reading(values, 'Battery, intervals or other quantities')
}

function sensecap(bytes: Uint8Array, _fPort: number, { model }: DecodeOptions): Decoded {
  const isStation = model.includes('2120') && !(isWholeItems(bytes) && checksum(bytes) === 0)
  return isStation ? station(bytes) : items(bytes)
}

export const sensecapDecoder: Decoder = { name: 'sensecap', version: 2, decode: guarded(sensecap) }

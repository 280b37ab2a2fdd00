// Seeed SenseCAP S210x and LoRaWAN sensor nodes, any FPort, little endian: items of 7 bytes, then a checksum
// of 2 (CRC-16 Kermit; over the whole frame it comes out 0). An item: 0 channel, 1–2 what, 3–6 int32 value,
// in thousandths where it is measured.
//
//   1001 air temperature °C   1002 air humidity %   1006 soil temperature °C   0007 battery % and interval
// Other ids from 1000 on are other quantities; ids below are versions, serial numbers and events. 0x80000000
// is "no value".
import { guarded, int32le, uint8, uint16le } from './bytes.ts'
import {
  batteryPercent,
  type Decoded,
  type Decoder,
  failure,
  firstWorking,
  measurement,
  none,
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

function sensecap(bytes: Uint8Array): Decoded {
  if (bytes.length < itemBytes + 2 || (bytes.length - 2) % itemBytes !== 0) {
    return wrongLength(bytes, 'items of 7 bytes and a checksum of 2')
  }
  if (checksum(bytes) !== 0) return failure('The checksum does not match: the payload is damaged.')
  const thermometers = new Map<number, Thermometer>()
  let humidity: number | null = null
  let percent: number | null = null
  let hasReading = false
  for (let at = 0; at < bytes.length - 2; at += itemBytes) {
    const id = uint16le(bytes, at + 1)
    const thousandths = int32le(bytes, at + 3) / 1000
    hasReading ||= id > 0x1000
    if (id === 0x1001 || id === 0x1006) thermometers.set(id, thermometer(thousandths, rangeC))
    if (id === 0x1002) humidity = relativeHumidity(thousandths)
    if (id === 0x0007) percent = batteryPercent(uint16le(bytes, at + 3))
  }
  if (!hasReading) return percent === null ? none(`Status ${uint8(bytes, 0)}`) : noneWithBattery(percent)
  const ordered = [...thermometers].sort(([a], [b]) => a - b).map(([, found]) => found)
  return measurement({ ...(ordered.length > 0 && firstWorking(ordered)), humidity, batteryPercent: percent })
}

function noneWithBattery(percent: number): Decoded {
  return { kind: 'none', reason: 'Battery and interval', batteryPercent: percent }
}

export const sensecapDecoder: Decoder = { name: 'sensecap', version: 1, decode: guarded(sensecap) }

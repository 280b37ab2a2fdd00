// Talkpool OY sensors. Temperature and humidity are packed into 3 bytes: 12 bits of temperature are byte 0
// and bits 7–4 of byte 2, 12 bits of humidity byte 1 and bits 3–0 of byte 2, both in tenths.
//
//   OY1100  FPort 1, groups of 3: temperature is signed, humidity as it stands
//   OY1110  FPort 2, groups of 3: temperature − 80 °C, humidity − 25 %; FPort 3 the same behind one byte, the
//     time between them: bits 6–0 in minutes, in hours where bit 7 is set. FPort 1 tells of a start
//   OY1210  FPort 2, 5 bytes: as OY1110, then CO2        OY1700  FPort 2, 9 bytes: as OY1110, then dust
//   OY1200  FPort 1, 12 bytes: 2–3 and 4–5 CO2, 6–7 temperature int16 1/100 °C, 8–9 humidity 1/100 %
// Of several groups the first is the newest; on FPort 3 the others are samples, elsewhere their time is unknown.
import { guarded, int16be, uint8, uint16be } from './bytes.ts'
import {
  type Decoded,
  type DecodeOptions,
  type Decoder,
  failure,
  type Measurement,
  measurement,
  none,
  relativeHumidity,
  type Sample,
  sample,
  thermometer,
  unknownPort,
  wrongLength,
} from './decoder.ts'

const rangeC = [-40, 85] as const

const packedTemperature = (bytes: Uint8Array, at: number) =>
  (uint8(bytes, at) << 4) | (uint8(bytes, at + 2) >> 4)
const packedHumidity = (bytes: Uint8Array, at: number) =>
  (uint8(bytes, at + 1) << 4) | (uint8(bytes, at + 2) & 0x0f)

type Group = (bytes: Uint8Array, at: number) => Pick<Measurement, 'temperature' | 'humidity'>

const signedGroup: Group = (bytes, at) => ({
  ...thermometer(((packedTemperature(bytes, at) << 20) >> 20) / 10, rangeC),
  humidity: relativeHumidity(packedHumidity(bytes, at) / 10),
})

const offsetGroup: Group = (bytes, at) => ({
  ...thermometer((packedTemperature(bytes, at) - 800) / 10, rangeC),
  humidity: relativeHumidity((packedHumidity(bytes, at) - 250) / 10),
})

// Groups have no checksum: one of several that no sensor could send condemns the frame.
function groups(bytes: Uint8Array, start: number, read: Group): Decoded {
  if (bytes.length <= start || (bytes.length - start) % 3 !== 0)
    return wrongLength(bytes, 'groups of 3 bytes')
  for (let at = start + 3; at < bytes.length; at += 3) {
    const { temperature, humidity } = read(bytes, at)
    if (temperature === null || humidity === null) return failure(`The values at byte ${at} are impossible.`)
  }
  return measurement(read(bytes, start))
}

const offset = (bytes: Uint8Array): Decoded => measurement(offsetGroup(bytes, 0))

function wide(bytes: Uint8Array): Decoded {
  return measurement({
    ...thermometer(int16be(bytes, 6) / 100, rangeC),
    humidity: relativeHumidity(uint16be(bytes, 8) / 100),
  })
}

/** The groups behind the newest, by the time between them. */
function olderGroups(bytes: Uint8Array, receivedAtMs: number): Sample[] {
  const header = uint8(bytes, 0)
  const stepMs = (header & 0x7f) * ((header & 0x80) !== 0 ? 60 : 1) * 60_000
  if (stepMs === 0) return []
  const count = (bytes.length - 1) / 3
  return Array.from({ length: count - 1 }, (_, index) => {
    const age = count - 1 - index
    return sample(receivedAtMs - age * stepMs, offsetGroup(bytes, 1 + 3 * age))
  })
}

function oy1110(bytes: Uint8Array, fPort: number, { receivedAtMs }: DecodeOptions): Decoded {
  if (fPort === 1) return none('Start')
  if (fPort === 2) return groups(bytes, 0, offsetGroup)
  if (fPort !== 3) return unknownPort(fPort, '1 to 3')
  const newest = groups(bytes, 1, offsetGroup)
  if (newest.kind !== 'measurement' || receivedAtMs === undefined) return newest
  const samples = olderGroups(bytes, receivedAtMs)
  return samples.length > 0 ? { ...newest, samples } : newest
}

function talkpool(bytes: Uint8Array, fPort: number, options: DecodeOptions): Decoded {
  switch (options.model) {
    case 'oy1100':
      if (fPort !== 1) return unknownPort(fPort, '1')
      return groups(bytes, 0, signedGroup)
    case 'oy1110':
      return oy1110(bytes, fPort, options)
    case 'oy1200':
      if (fPort !== 1) return unknownPort(fPort, '1')
      return bytes.length === 12 ? wide(bytes) : wrongLength(bytes, '12 bytes')
    case 'oy1210':
      if (fPort !== 2) return unknownPort(fPort, '2')
      return bytes.length === 5 ? offset(bytes) : wrongLength(bytes, '5 bytes')
    case 'oy1700':
      if (fPort !== 2) return unknownPort(fPort, '2')
      return bytes.length === 9 ? offset(bytes) : wrongLength(bytes, '9 bytes')
    default:
      return failure(`Talkpool ${options.model} is not known.`)
  }
}

export const talkpoolDecoder: Decoder = { name: 'talkpool', version: 2, decode: guarded(talkpool) }

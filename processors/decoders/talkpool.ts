// Talkpool OY sensors. Temperature and humidity are packed into 3 bytes: 12 bits of temperature are byte 0
// and bits 7–4 of byte 2, 12 bits of humidity byte 1 and bits 3–0 of byte 2, both in tenths.
//
//   OY1100  FPort 1, groups of 3: temperature is signed, humidity as it stands
//   OY1110  FPort 2, groups of 3: temperature − 80 °C, humidity − 25 %; FPort 3 the same behind one byte of
//     spacing
//   OY1210  FPort 2, 5 bytes: as OY1110, then CO2        OY1700  FPort 2, 9 bytes: as OY1110, then dust
//   OY1200  FPort 1, 12 bytes: 2–3 and 4–5 CO2, 6–7 temperature int16 1/100 °C, 8–9 humidity 1/100 %
// Groups are values of one frame a configured period apart; the first is the newest that is told, the others
// have no time.
import { guarded, int16be, uint8, uint16be } from './bytes.ts'
import {
  type Decoded,
  type DecodeOptions,
  type Decoder,
  failure,
  type Measurement,
  measurement,
  relativeHumidity,
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

function oy1110(bytes: Uint8Array, fPort: number): Decoded {
  if (fPort === 2) return groups(bytes, 0, offsetGroup)
  return fPort === 3 ? groups(bytes, 1, offsetGroup) : unknownPort(fPort, '2 and 3')
}

function talkpool(bytes: Uint8Array, fPort: number, { model }: DecodeOptions): Decoded {
  switch (model) {
    case 'oy1100':
      if (fPort !== 1) return unknownPort(fPort, '1')
      return groups(bytes, 0, signedGroup)
    case 'oy1110':
      return oy1110(bytes, fPort)
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
      return failure(`Talkpool ${model} is not known.`)
  }
}

export const talkpoolDecoder: Decoder = { name: 'talkpool', version: 1, decode: guarded(talkpool) }

// MClimate, any FPort, big endian. A frame begins with 01 (keep-alive); any other first byte begins answers to downlinks, after
// which the last bytes are a keep-alive again.
//
//   HT sensor, 7 bytes: 1–2 temperature 1/10 °C + 40 °C, 3 humidity 1/256, 4 bits 7–4 battery 2 V + 0.1 V each,
//     5 bit 2 thermistor unplugged, 5 bits 1–0 and 6 the thermistor's temperature, 1/10 °C
//   Open/close, 8 bytes: 1 battery 1.6 V + 8 mV each, 2 bit 2 thermistor unplugged, 2 bits 1–0 and 3 its temperature, 4–6
//     number of openings, 7 state: whether 1 means open follows from how the magnet is mounted, so it is not told
import { guarded, uint8, uint16be, uint24be } from './bytes.ts'
import {
  batteryVolts,
  chosenProbe,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  failure,
  measurement,
  none,
  relativeHumidity,
  rounded,
  type Thermometer,
  thermometer,
  wrongLength,
} from './decoder.ts'

const keepAlive = 0x01
const airC = [-40, 85] as const
const thermistorC = [-40, 125] as const
const unplugged = 0x04

function thermistor(bytes: Uint8Array, at: number): Thermometer | undefined {
  if ((uint8(bytes, at) & unplugged) !== 0) return undefined
  return thermometer((uint16be(bytes, at) & 0x03ff) / 10, thermistorC)
}

function htSensor(bytes: Uint8Array, options: DecodeOptions): Decoded {
  const internal = thermometer((uint16be(bytes, 1) - 400) / 10, airC)
  return measurement({
    ...chosenProbe(options, internal, thermistor(bytes, 5)),
    humidity: relativeHumidity(rounded((uint8(bytes, 3) * 100) / 256, 2)),
    batteryVolts: batteryVolts((20 + (uint8(bytes, 4) >> 4)) / 10),
  })
}

function openClose(bytes: Uint8Array): Decoded {
  return measurement({
    ...thermistor(bytes, 2),
    doorOpenCount: uint24be(bytes, 4),
    batteryVolts: batteryVolts(rounded((1600 + uint8(bytes, 1) * 8) / 1000, 2)),
  })
}

function mclimate(bytes: Uint8Array, _fPort: number, options: DecodeOptions): Decoded {
  const length = options.model === 'open-close' ? 8 : 7
  if (bytes.length < length) return wrongLength(bytes, `${length} bytes`)
  const frame = bytes.subarray(bytes.length - length)
  if (uint8(bytes, 0) === keepAlive && bytes.length !== length) return wrongLength(bytes, `${length} bytes`)
  if (uint8(frame, 0) !== keepAlive) {
    return answers.has(uint8(bytes, 0)) ? none('Answer to a downlink') : failure('This is not a keep-alive.')
  }
  return options.model === 'open-close' ? openClose(frame) : htSensor(frame, options)
}

const answers = new Set([0x04, 0x12, 0x14, 0x16, 0x18, 0x19, 0x1b, 0x1d, 0x1f, 0x21, 0x23])

export const mclimateDecoder: Decoder = { name: 'mclimate', version: 1, decode: guarded(mclimate) }

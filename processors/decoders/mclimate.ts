// MClimate, any FPort, big endian. A frame begins with 01 (newer models: 81), the keep-alive; any other first
// byte begins answers to downlinks, after which the last bytes are a keep-alive again.
//
//   HT sensor, 7 bytes: 1–2 temperature 1/10 °C + 40 °C, 3 humidity 1/256, 4 bits 7–4 battery 2 V + 0.1 V
//     each, 5 bit 2 thermistor unplugged, 5 bits 1–0 and 6 the thermistor's temperature, 1/10 °C
//   Open/close, 8 bytes, which may begin with 20 (the contact moved) or 21 (button): 1 battery 1.6 V + 8 mV
//     each, 2 bit 3 the temperature is negative, bit 2 thermistor broken, bits 1–0 and 3 its size, 1/10 °C,
//     4–6 number of events, 7 bit 0 open
//   CO2 sensor, 7 bytes: 1–2 CO2, 3–4 temperature as above, 5 humidity, 6 battery 1.6 V + 8 mV each
//   HT PIR Lite, 6 bytes: 1 bits 1–0 and 2 temperature as above, 3 humidity, 4 battery 1.6 V + 2.2 V / 255
//     each
//   Wireless thermostat, 11 bytes: 1–2 temperature as above, 3 humidity, 4–5 battery mV, then set point,
//     light, motion
//   AQI sensor, 10 bytes, bits: 40–47 humidity 0.4 %, 60–69 temperature as above, byte 9 battery 1.6 V + 8 mV
//     each
import { guarded, uint8, uint16be } from './bytes.ts'
import {
  batteryVolts,
  chosenProbe,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  failure,
  measurement,
  none,
  noProbe,
  relativeHumidity,
  rounded,
  type Thermometer,
  thermometer,
  wrongLength,
} from './decoder.ts'

const airC = [-40, 85] as const
const thermistorC = [-40, 125] as const
const unplugged = 0x04

function thermistor(bytes: Uint8Array, at: number): Thermometer | undefined {
  if ((uint8(bytes, at) & unplugged) !== 0) return undefined
  return thermometer((uint16be(bytes, at) & 0x03ff) / 10, thermistorC)
}

const air = (raw: number) => thermometer((raw - 400) / 10, airC)
const humidity = (raw: number) => relativeHumidity(rounded((raw * 100) / 256, 2))
const eightMillivolts = (raw: number) => batteryVolts(rounded((1600 + raw * 8) / 1000, 2))

function htSensor(bytes: Uint8Array, options: DecodeOptions): Decoded {
  return measurement({
    ...chosenProbe(options, air(uint16be(bytes, 1)), thermistor(bytes, 5)),
    humidity: humidity(uint8(bytes, 3)),
    batteryVolts: batteryVolts((20 + (uint8(bytes, 4) >> 4)) / 10),
  })
}

function signedThermistor(bytes: Uint8Array, at: number): Thermometer {
  const flags = uint8(bytes, at)
  if ((flags & unplugged) !== 0) return noProbe
  const size = (uint16be(bytes, at) & 0x03ff) / 10
  return thermometer((flags & 0x08) !== 0 ? -size : size, thermistorC)
}

function openClose(bytes: Uint8Array): Decoded {
  return measurement({
    ...signedThermistor(bytes, 2),
    doorOpen: (uint8(bytes, 7) & 1) === 1,
    batteryVolts: eightMillivolts(uint8(bytes, 1)),
  })
}

function co2Sensor(bytes: Uint8Array): Decoded {
  return measurement({
    ...air(uint16be(bytes, 3)),
    humidity: humidity(uint8(bytes, 5)),
    batteryVolts: eightMillivolts(uint8(bytes, 6)),
  })
}

function htPirLite(bytes: Uint8Array): Decoded {
  return measurement({
    ...air(uint16be(bytes, 1) & 0x03ff),
    humidity: humidity(uint8(bytes, 3)),
    batteryVolts: batteryVolts(rounded((uint8(bytes, 4) * 2200) / 255 / 1000 + 1.6, 2)),
  })
}

function thermostat(bytes: Uint8Array): Decoded {
  return measurement({
    ...air(uint16be(bytes, 1)),
    humidity: humidity(uint8(bytes, 3)),
    batteryVolts: batteryVolts(uint16be(bytes, 4) / 1000),
  })
}

function aqiSensor(bytes: Uint8Array): Decoded {
  return measurement({
    ...air((uint16be(bytes, 7) & 0x0fff) >> 2),
    humidity: relativeHumidity((uint8(bytes, 5) * 4) / 10),
    batteryVolts: eightMillivolts(uint8(bytes, 9)),
  })
}

type Device = {
  keepAlive: number
  /** What may stand in the place of the keep-alive's first byte. */
  events?: number[]
  length: number
  read: (bytes: Uint8Array, options: DecodeOptions) => Decoded
}

const devices: Record<string, Device> = {
  'ht-sensor': { keepAlive: 0x01, length: 7, read: htSensor },
  'open-close': { keepAlive: 0x01, events: [0x20, 0x21], length: 8, read: openClose },
  'co2-sensor': { keepAlive: 0x01, length: 7, read: co2Sensor },
  'ht-pir-lite': { keepAlive: 0x81, length: 6, read: htPirLite },
  'wireless-thermostat': { keepAlive: 0x01, length: 11, read: thermostat },
  'aqi-sensor': { keepAlive: 0x01, length: 10, read: aqiSensor },
}

const answers = new Set([
  ...[0x04, 0x12, 0x14, 0x16, 0x18, 0x19, 0x1b, 0x1d, 0x1f, 0x21, 0x23, 0x25, 0x2b, 0x2f],
  ...[0x35, 0x37, 0x39, 0x3b, 0x3d, 0x3f, 0xa4],
])

// Of the answers whose length is the same for all models.
const answerBytes = new Map([
  ...[0x12, 0x19, 0x1b, 0x1f, 0xa4].map((command): [number, number] => [command, 1]),
  ...[0x04, 0x1d].map((command): [number, number] => [command, 2]),
])

/** Where the message behind the answers begins, as far as their lengths are known. */
function behindAnswers(bytes: Uint8Array): number {
  let at = 0
  while (at < bytes.length) {
    const length = answerBytes.get(uint8(bytes, at))
    if (length === undefined) break
    at += 1 + length
  }
  return at
}

function afterAnswers(bytes: Uint8Array, options: DecodeOptions, device: Device): Decoded {
  const { keepAlive, events = [], length, read } = device
  const start = bytes.length - length
  if (start > 0) {
    const behind = bytes.subarray(start)
    const first = uint8(behind, 0)
    if (first === keepAlive || (events.includes(first) && behindAnswers(bytes) === start))
      return read(behind, options)
  }
  return none('Answer to a downlink')
}

function mclimate(bytes: Uint8Array, _fPort: number, options: DecodeOptions): Decoded {
  const device = devices[options.model]
  if (!device) return failure(`MClimate ${options.model} is not known.`)
  const { keepAlive, events = [], length, read } = device
  const first = uint8(bytes, 0)
  if (first === keepAlive || (events.includes(first) && bytes.length >= length))
    return bytes.length === length ? read(bytes, options) : wrongLength(bytes, `${length} bytes`)
  return answers.has(first) && bytes.length > 1
    ? afterAnswers(bytes, options, device)
    : failure('This is neither a keep-alive nor an answer to a downlink.')
}

export const mclimateDecoder: Decoder = { name: 'mclimate', version: 3, decode: guarded(mclimate) }

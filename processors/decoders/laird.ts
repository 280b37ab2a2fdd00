// Laird (Ezurio) Sentrius RS1xx, FPort 1, big endian: 0 message, 1 options, then by message. Battery is a
// band of five (0 is 0–5 %, 5 is 80–100 %): too coarse to be a percentage. Values come as a fraction in
// hundredths, then an integer, both signed: −15.87 °C is −87, −15. Two bytes in all; four for the RTD. °C
// throughout. Times are uint32 seconds since 2015-01-01.
//
//   01  one reading: humidity 2, temperature 2, battery, alarms 2, backlog 2
//   0b  the same of an RTD: temperature 4, battery, alarms 2, backlog 2
//   02  aggregated: alarms, backlog 2, battery, number of readings, time 4, then each as in 03 without a time
//   03  one replayed reading: time 4, humidity 2, temperature 2 (RTD: temperature 4)
//   04  several: number, then each as in 03        0a  battery voltage: fraction, integer
//   05, 06, 07, 08, 0c  configuration and firmware
//   01 67 …  a sensor set to Cayenne LPP (67 are no options)
//   09  contact: mode (0 door, 1 push button), state (0 closed, 1 open), cancelled, counter
// In an aggregate only one time is sent and the reading period is configuration: the time is the last
// reading's, and the earlier ones are spread a second apart before it, so that none is lost and their order
// holds.
import { guarded, int8, int16be, uint8, uint32be } from './bytes.ts'
import { cayenneDecoder } from './cayenne.ts'
import {
  batteryVolts,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  failure,
  history,
  type Measurement,
  measurement,
  none,
  relativeHumidity,
  type Sample,
  sample,
  thermometer,
  wrongLength,
} from './decoder.ts'

const epochMs = Date.UTC(2015, 0, 1)
const cableC = [-55, 125] as const
const rtdC = [-200, 600] as const

// Whole hundredths are summed before they are divided: 98 + 67 / 100 need not be 98.67.
const joined = (integer: number, fraction: number) => (integer * 100 + fraction) / 100

const isRtd = (model: string) => model.includes('rtd')

function values(bytes: Uint8Array, at: number, model: string): Partial<Measurement> {
  if (isRtd(model)) return thermometer(joined(int16be(bytes, at + 2), int16be(bytes, at)), rtdC)
  return {
    humidity: relativeHumidity(joined(uint8(bytes, at + 1), uint8(bytes, at))),
    ...thermometer(joined(int8(bytes, at + 3), int8(bytes, at + 2)), cableC),
  }
}

// A thermometer on a wire has no hygrometer: humidity 0.00 is none there.
function reading(bytes: Uint8Array, at: number, model: string): Partial<Measurement> {
  const found = values(bytes, at, model)
  return model.includes('temp-1w') && found.humidity === 0 ? { ...found, humidity: null } : found
}

const timeMs = (bytes: Uint8Array, at: number) => epochMs + uint32be(bytes, at) * 1000

function aggregate(bytes: Uint8Array, model: string): Decoded {
  const count = uint8(bytes, 6)
  if (count === 0 || bytes.length !== 11 + 4 * count)
    return wrongLength(bytes, `11 and 4 for each of ${count}`)
  const samples: Sample[] = []
  for (let index = 0; index < count; index++) {
    const recordedAtMs = timeMs(bytes, 7) - (count - 1 - index) * 1000
    samples.push(sample(recordedAtMs, reading(bytes, 11 + 4 * index, model)))
  }
  return history(samples)
}

function backlog(bytes: Uint8Array, model: string): Decoded {
  const count = uint8(bytes, 2)
  if (count === 0 || bytes.length !== 3 + 8 * count) return wrongLength(bytes, `3 and 8 for each of ${count}`)
  const starts = Array.from({ length: count }, (_, index) => 3 + 8 * index)
  return history(starts.map((at) => sample(timeMs(bytes, at), reading(bytes, at + 4, model))))
}

function contact(state: number): Decoded {
  return state <= 1 ? measurement({ doorOpen: state === 1 }) : failure(`Contact state ${state} is unknown.`)
}

const configurations = new Set([5, 6, 7, 8, 12])

function laird(bytes: Uint8Array, fPort: number, options: DecodeOptions): Decoded {
  const { model } = options
  if (fPort !== 1) return failure(`FPort ${fPort} is not one of this device's; it uses 1.`)
  const message = uint8(bytes, 0)
  if (message === 0x01 && uint8(bytes, 1) === 0x67) return cayenneDecoder.decode(bytes, fPort, options)
  switch (message) {
    case 0x01:
    case 0x0b:
      if (bytes.length !== 11) return wrongLength(bytes, '11 bytes')
      if ((message === 0x0b) !== isRtd(model)) return failure(`Message ${message} is not one of ${model}'s.`)
      return measurement(reading(bytes, 2, model))
    case 0x02:
      return aggregate(bytes, model)
    case 0x03:
      if (bytes.length !== 10) return wrongLength(bytes, '10 bytes')
      return history([sample(timeMs(bytes, 2), reading(bytes, 6, model))])
    case 0x04:
      return backlog(bytes, model)
    case 0x09:
      if (bytes.length !== 6) return wrongLength(bytes, '6 bytes')
      return uint8(bytes, 2) === 0 ? contact(uint8(bytes, 3)) : none('Push button')
    case 0x0a:
      if (bytes.length !== 4) return wrongLength(bytes, '4 bytes')
      return none('Battery voltage', { batteryVolts: batteryVolts(joined(int8(bytes, 3), int8(bytes, 2))) })
    default:
      return configurations.has(message)
        ? none('Configuration or firmware version')
        : failure(`Message ${message} is unknown.`)
  }
}

export const lairdDecoder: Decoder = { name: 'laird-rs1xx', version: 3, decode: guarded(laird) }

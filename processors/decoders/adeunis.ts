// Adeunis, FPort 1, big endian: 0 frame code, 1 status (bit 2: the frame ends with a time, uint32 seconds
// since 2013-01-01; bit 4, TEMP only: two probes).
//
//   TEMP     30, 57  temperature int16 1/10 °C per probe; 57 repeats it, newest first
//            58      alarm, per probe: kind, temperature int16
//            43      of the first TEMP (and its 30 of 8 bytes), per probe: bits 7–4 which, bit 0 in use, temperature
//                    int16. Old firmware has no such bit and says so with 2 in the second probe's bits 3–0
//   COMFORT  4c      temperature int16 1/10 °C and humidity %, repeated newest first
//            4d      alarm: kinds, temperature int16, humidity
//   COMFORT CO2 / SERENITY 6a  as 4c, with CO2 uint16 behind each; 6b alarm: kinds, temperature, humidity, CO2
//   DRY CONTACTS 40  four counters uint16, then per contact, A lowest, bit 0 its state (1 closed), bit 1 the
//                    one before; 30 keep-alive: counters, then a bit per contact
//                    41 duration alarm, 59 time counters: no state
// Which contact state is an open door is the installation's: contact A is the door where `openIs` is set.
// The logging period is configuration, so of the repeated values only the newest has a time.
import { guarded, int16be, uint8 } from './bytes.ts'
import {
  type Decoded,
  type DecodeOptions,
  type Decoder,
  doorBy,
  failure,
  firstWorking,
  measurement,
  none,
  relativeHumidity,
  thermometer,
  wrongLength,
} from './decoder.ts'

const probeC = [-60, 200] as const
const airC = [-40, 85] as const
const timeBytes = 4

const celsius = (bytes: Uint8Array, at: number) => thermometer(int16be(bytes, at) / 10, probeC)

function endOfValues(bytes: Uint8Array): number {
  return (uint8(bytes, 1) & 0x04) !== 0 ? bytes.length - timeBytes : bytes.length
}

function tempValues(bytes: Uint8Array, stride: number, first: number): Decoded {
  const probes = (uint8(bytes, 1) & 0x10) !== 0 ? 2 : 1
  const size = endOfValues(bytes) - 2
  if (size < stride * probes || size % (stride * probes) !== 0) return wrongLength(bytes, 'whole values')
  const positions = Array.from({ length: probes }, (_, probe) => 2 + probe * stride + first)
  return measurement(firstWorking(positions.map((at) => celsius(bytes, at))))
}

function firstTempValues(bytes: Uint8Array): Decoded {
  if (bytes.length !== 8) return wrongLength(bytes, '8 bytes')
  const isTold = (uint8(bytes, 5) & 0x0f) !== 2
  const inUse = [2, 5].filter((at) => !isTold || (uint8(bytes, at) & 0x01) !== 0)
  return inUse.length > 0
    ? measurement(firstWorking(inUse.map((at) => celsius(bytes, at + 1))))
    : none('Neither probe is in use')
}

const isFirstTemp = (bytes: Uint8Array) => bytes.length === 8 && (uint8(bytes, 1) & 0x04) === 0

function comfortValues(bytes: Uint8Array, stride: number): Decoded {
  const size = endOfValues(bytes) - 2
  if (size < stride || size % stride !== 0) return wrongLength(bytes, 'whole values')
  const humidity = relativeHumidity(uint8(bytes, 4))
  return measurement({ ...thermometer(int16be(bytes, 2) / 10, airC), humidity })
}

function comfortAlarm(bytes: Uint8Array, length: number): Decoded {
  if (endOfValues(bytes) !== length) return wrongLength(bytes, `${length} or ${length + timeBytes} bytes`)
  const humidity = relativeHumidity(uint8(bytes, 5))
  return measurement({ ...thermometer(int16be(bytes, 3) / 10, airC), humidity })
}

function dryContacts(bytes: Uint8Array, options: DecodeOptions): Decoded {
  if (endOfValues(bytes) !== 11) return wrongLength(bytes, '11 or 15 bytes')
  return measurement({ doorOpen: doorBy(options, uint8(bytes, 10) & 1) })
}

const statusCodes = new Set([0x10, 0x11, 0x1f, 0x20, 0x2f, 0x30, 0x33, 0x36, 0x37, 0x51, 0x52])
const contactCodes = new Set([0x41, 0x59])

function data(bytes: Uint8Array, code: number, options: DecodeOptions): Decoded | undefined {
  const { model } = options
  if (model.startsWith('temp')) {
    if (code === 0x43 || (code === 0x30 && isFirstTemp(bytes))) return firstTempValues(bytes)
    if (code === 0x57 || code === 0x30) return tempValues(bytes, 2, 0)
    if (code === 0x58) return tempValues(bytes, 3, 1)
  }
  if (model.startsWith('comfort')) {
    if (code === 0x4c) return comfortValues(bytes, 3)
    if (code === 0x4d) return comfortAlarm(bytes, 6)
    if (code === 0x6a) return comfortValues(bytes, 5)
    if (code === 0x6b) return comfortAlarm(bytes, 8)
  }
  if (model.startsWith('dry')) {
    if (code === 0x40 || code === 0x30) return dryContacts(bytes, options)
    if (contactCodes.has(code)) return none('Duration alarm or time counters')
  }
  return undefined
}

function adeunis(bytes: Uint8Array, _fPort: number, options: DecodeOptions): Decoded {
  const code = uint8(bytes, 0)
  const decoded = data(bytes, code, options)
  if (decoded) return decoded
  return statusCodes.has(code)
    ? none(`Status or configuration frame 0x${code.toString(16)}`)
    : failure(`Frame code 0x${code.toString(16)} is unknown.`)
}

export const adeunisDecoder: Decoder = { name: 'adeunis', version: 3, decode: guarded(adeunis) }

// Radio Bridge (MultiTech) RBS301, 304, 305, 306, FPort 2: 0 bits 7–4 protocol (1), bits 3–0 counter; 1
// event; then by event:
//
//   01 supervisory, battery in 4: volts in bits 7–4, tenths in bits 3–0        03 door: 2 is 0 closed, 1 open
//   09 temperature: 3 int8 °C; 0x7f and 0x80 are out of range
//   07 contact: 2 is 0 shorted, 1 opened; whether that is a door is the installation's       08 water, …
//   0d air: 3 whole °C, bit 7 the sign (not two's complement), 4 bits 7–4 tenths, 5 whole %, 6 bits 7–4 as 4;
//      0x7f and 0x80 are out of range, though 0x80 with tenths is −0.1 to −0.9
//   13 thermocouple: 3–4 int16 1/16 °C, 5 faults, 0 for none
//   19 of 5 bytes, internal thermometer: 3–4 as 0d (of other lengths: a vibration sensor's)
import { guarded, int8, int16be, uint8 } from './bytes.ts'
import {
  batteryVolts,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  doorBy,
  failure,
  measurement,
  none,
  noProbe,
  relativeHumidity,
  type Thermometer,
  thermometer,
  wrongLength,
} from './decoder.ts'

const wideC = [-126, 126] as const

function signedMagnitude(bytes: Uint8Array, at: number): Thermometer {
  const whole = uint8(bytes, at)
  const tenths = uint8(bytes, at + 1) >> 4
  if (whole === 0x7f || (whole === 0x80 && tenths === 0) || tenths > 9) return noProbe
  const magnitude = ((whole & 0x7f) * 10 + tenths) / 10
  return thermometer(whole & 0x80 ? -magnitude : magnitude, wideC)
}

function air(bytes: Uint8Array): Decoded {
  if (bytes.length !== 7) return wrongLength(bytes, '7 bytes')
  const humidity = (uint8(bytes, 5) * 10 + (uint8(bytes, 6) >> 4)) / 10
  return measurement({ ...signedMagnitude(bytes, 3), humidity: relativeHumidity(humidity) })
}

function thermocouple(bytes: Uint8Array): Decoded {
  if (bytes.length !== 6) return wrongLength(bytes, '6 bytes')
  if (uint8(bytes, 5) !== 0) return measurement(noProbe)
  return measurement(thermometer(int16be(bytes, 3) / 16, [-270, 1800]))
}

function door(bytes: Uint8Array): Decoded {
  const state = uint8(bytes, 2)
  return state <= 1 ? measurement({ doorOpen: state === 1 }) : failure(`Door state ${state} is unknown.`)
}

function supervisory(bytes: Uint8Array): Decoded {
  const level = uint8(bytes, 4)
  return none('Supervisory report', { batteryVolts: batteryVolts(((level >> 4) * 10 + (level & 0x0f)) / 10) })
}

const otherEvents = new Set([
  0, 2, 6, 8, 0x0a, 0x0e, 0x0f, 0x10, 0x11, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a,
])
const networkEvents = new Set([0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff])

function contact(bytes: Uint8Array, options: DecodeOptions): Decoded {
  if (bytes.length !== 3) return wrongLength(bytes, '3 bytes')
  const state = uint8(bytes, 2)
  return state <= 1
    ? measurement({ doorOpen: doorBy(options, state) })
    : failure(`Contact state ${state} is unknown.`)
}

function radioBridge(bytes: Uint8Array, _fPort: number, options: DecodeOptions): Decoded {
  if (uint8(bytes, 0) >> 4 !== 1) return failure(`Protocol version ${uint8(bytes, 0) >> 4} is unknown.`)
  const event = uint8(bytes, 1)
  switch (event) {
    case 0x01:
      return supervisory(bytes)
    case 0x03:
      return bytes.length === 3 ? door(bytes) : wrongLength(bytes, '3 bytes')
    case 0x07:
      return contact(bytes, options)
    case 0x09:
      if (bytes.length !== 5) return wrongLength(bytes, '5 bytes')
      return measurement(thermometer(int8(bytes, 3), wideC))
    case 0x0d:
      return air(bytes)
    case 0x13:
      return thermocouple(bytes)
    case 0x19:
      if (bytes.length === 5) return measurement(signedMagnitude(bytes, 3))
  }
  if (otherEvents.has(event) || networkEvents.has(event)) return none(`Event 0x${event.toString(16)}`)
  return failure(`Event 0x${event.toString(16)} is unknown.`)
}

export const radioBridgeDecoder: Decoder = { name: 'radio-bridge', version: 4, decode: guarded(radioBridge) }

// Dragino nodes for cable probes. All big endian.
//
// LSN50 v2, FPort 2. Byte 6: bit 7 contact closed, bits 6–2 work mode, bit 1 digital input, bit 0 interrupt.
// In most modes 0–1 are battery mV, 2–3 a DS18B20 (int16 1/10 °C, 0x7FFF none), 4–5 an analogue input. By
// mode, 11 bytes if not said otherwise:
//   0  7–8 temperature int16 1/10 °C and 9–10 humidity 1/10 %, of an SHT; humidity 0: lux; ones: none
//   1  distance    2  0–5 analogue, 7–10 as in mode 0, 11 battery 1/10 V (12 bytes)
//   3  7–8 and 9–10 are further DS18B20        4  weight     5  count      6  three interrupts     7 analogue
//   8  4–5 and 7–8 are further DS18B20, then two counts (17 bytes)         31  alarm limits: configuration
// The contact bit is meaningless in modes 5 (counts) and 6 (there it is the first of three interrupts). D20,
// D22, D23 speak mode 3 with one, two or three probes (ones in the places of the others); S31 speaks mode 0.
// FPort 5: configuration, of the LB and v3 models: model, firmware (2), band, sub-band, battery mV (2).
//
// LTC2, FPort 2, 11 bytes: 0–1 battery mV (bits 13–0), 2 bit 6 reply to a poll, bits 3–0 unit (1: 1/100 °C,
// 2: 1/10 °C, 3: ohms), 3–4 and 5–6 two PT100 (int16), 7–10 Unix time. Replies to a poll carry the same two
// values in 11 byte entries, each at its own time.
import { guarded, int16be, uint8, uint16be, unixTimeMs } from './bytes.ts'
import {
  batteryVolts,
  chosenProbe,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  failure,
  firstWorking,
  history,
  measurement,
  none,
  noProbe,
  relativeHumidity,
  type Sample,
  sample,
  type Thermometer,
  thermometer,
  unknownPort,
  wrongLength,
} from './decoder.ts'

const ds18b20C = [-55, 125] as const
const shtC = [-40, 125] as const
// 327.67 is what an absent PT100 reads in hundredths, so that scale ends before it.
const pt100C = { hundredths: [-200, 327], tenths: [-200, 850] } as const

const tenths = (bytes: Uint8Array, at: number) => thermometer(int16be(bytes, at) / 10, ds18b20C)

type Sht = { air: Thermometer; humidity: number | null } | undefined

// −0.1 °C is all ones too, so only an SHT whose humidity is gone as well is an absent one.
function sht(bytes: Uint8Array): Sht {
  const rawHumidity = uint16be(bytes, 9)
  if (rawHumidity === 0 || rawHumidity === 0xffff) return undefined
  return { air: thermometer(int16be(bytes, 7) / 10, shtC), humidity: relativeHumidity(rawHumidity / 10) }
}

const lsn50Bytes: Record<number, number> = {
  0: 11,
  1: 11,
  2: 12,
  3: 11,
  4: 11,
  5: 11,
  6: 11,
  7: 11,
  8: 17,
}

function lsn50Probes(bytes: Uint8Array, mode: number): Thermometer[] {
  if (mode === 2) return []
  const first = tenths(bytes, 2)
  if (mode === 3) return [first, tenths(bytes, 7), tenths(bytes, 9)]
  if (mode === 8) return [first, tenths(bytes, 4), tenths(bytes, 7)]
  return [first]
}

// The probe on the cable is what people put into the fridge; the SHT speaks where no probe is plugged in, and
// in an S31, whose cable carries it.
function lsn50Thermometer(options: DecodeOptions, probes: Thermometer[], air: Thermometer | undefined) {
  const onCable = firstWorking(probes)
  if (options.model.includes('s31') && air && options.probe === undefined) return air
  if (options.probe !== undefined) return chosenProbe(options, air ?? noProbe, onCable)
  if (onCable.temperature !== null || air === undefined) return onCable
  return air
}

function configuration(bytes: Uint8Array, { model }: DecodeOptions): Decoded {
  if (bytes.length !== 7) return wrongLength(bytes, '7 bytes')
  const tellsBattery = /v3|lb|ls/.test(model)
  return none('Configuration', tellsBattery ? { batteryVolts: batteryVolts(uint16be(bytes, 5) / 1000) } : {})
}

function lsn50(bytes: Uint8Array, fPort: number, options: DecodeOptions): Decoded {
  if (fPort === 5) return configuration(bytes, options)
  if (fPort !== 2) return unknownPort(fPort, '2 and 5')
  const flags = uint8(bytes, 6)
  const mode = (flags & 0x7c) >> 2
  if (mode === 31) return none('Alarm limits')
  const expected = lsn50Bytes[mode]
  if (expected === undefined) return failure(`Work mode ${mode} is unknown.`)
  if (bytes.length !== expected) return wrongLength(bytes, `${expected} bytes in work mode ${mode}`)
  const air = mode === 0 || mode === 2 ? sht(bytes) : undefined
  const volts = mode === 2 ? uint8(bytes, 11) / 10 : uint16be(bytes, 0) / 1000
  return measurement({
    ...lsn50Thermometer(options, lsn50Probes(bytes, mode), air?.air),
    humidity: air?.humidity ?? null,
    doorOpen: mode === 5 || mode === 6 ? null : (flags & 0x80) === 0,
    batteryVolts: batteryVolts(volts),
  })
}

// The D2x nodes have no contact: their bit 7 says nothing.
function d2x(bytes: Uint8Array, fPort: number, options: DecodeOptions): Decoded {
  const decoded = lsn50(bytes, fPort, options)
  return decoded.kind === 'measurement' ? measurement({ ...decoded.measurement, doorOpen: null }) : decoded
}

function ltc2Channels(bytes: Uint8Array, at: number, unit: number): Thermometer[] {
  const [divisor, rangeC] = unit === 1 ? [100, pt100C.hundredths] : [10, pt100C.tenths]
  return [at, at + 2].map((position) => thermometer(int16be(bytes, position) / divisor, rangeC))
}

function ltc2(bytes: Uint8Array, fPort: number): Decoded {
  if (fPort === 5) {
    if (bytes.length !== 7) return wrongLength(bytes, '7 bytes')
    return none('Device status', { batteryVolts: batteryVolts(uint16be(bytes, 5) / 1000) })
  }
  if (fPort !== 2) return unknownPort(fPort, '2 and 5')
  if (bytes.length < 11 || bytes.length % 11 !== 0) return wrongLength(bytes, '11 bytes')
  const flags = uint8(bytes, 2)
  const unit = flags & 0x0f
  const volts = batteryVolts((uint16be(bytes, 0) & 0x3fff) / 1000)
  if (unit === 3) return none('Resistances, not temperatures', { batteryVolts: volts })
  if (unit !== 1 && unit !== 2)
    return failure(`Unit ${unit} is none of 1/100 °C (1), 1/10 °C (2) and ohms (3).`)
  if ((flags & 0x40) !== 0) return ltc2Replay(bytes)
  if (bytes.length !== 11) return wrongLength(bytes, '11 bytes')
  return measurement({ ...firstWorking(ltc2Channels(bytes, 3, unit)), batteryVolts: volts })
}

function ltc2Replay(bytes: Uint8Array): Decoded {
  const samples: Sample[] = []
  for (let start = 0; start < bytes.length; start += 11) {
    const unit = uint8(bytes, start + 2) & 0x0f
    if (unit !== 1 && unit !== 2) continue
    const channels = ltc2Channels(bytes, start + 3, unit)
    samples.push(sample(unixTimeMs(bytes, start + 7), firstWorking(channels)))
  }
  return samples.length > 0 ? history(samples) : none('Datalog reply: nothing stored for that time')
}

export const draginoLsn50: Decoder = { name: 'dragino-lsn50', version: 2, decode: guarded(lsn50) }
export const draginoD2x: Decoder = { name: 'dragino-d2x', version: 2, decode: guarded(d2x) }
export const draginoLtc2: Decoder = { name: 'dragino-ltc2', version: 2, decode: guarded(ltc2) }

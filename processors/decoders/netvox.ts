// Netvox R7xx, R3xx, RB11E, big endian, 11 bytes. FPort 6 reports: 0 version of the format (1), 1 device
// type, 2 kind (0: firmware and date, no reading), 3 battery 1/10 V, bit 7 low, then by device type:
//
//   1 R711/R712, 11 R718A, 19 R718AB, 110 R720A, 111 R720B, 53–55 and 106 RA0716 and its like
//                                                  4–5 temperature int16 1/100 °C, 6–7 humidity 1/100 %
//   165 R720E                                      the same at 6 and 8
//   112 R720C                                      8–9 temperature int16 1/100 °C, behind the air pressure
//   156 R718AD, 157 R720D, 188 R711A               4–5 temperature int16 1/100 °C
//   3 RB11E                                        4–5 temperature int16 1/100 °C, then light, motion
//   144–149 R718CJ, CK, CT, CR, CE, B (and their CN)  4–5 temperature int16 1/10 °C
//   20–25 R718B2, CJ2, CK2, CT2, CN2, CE2, and 120–124 of R730  4–5 and 6–7 temperatures int16 1/10 °C
//   56 R718CJ4, 60 R718CE4                         the same; kind 2 has the third and fourth: no reading, as the
//                                                  first of equal probes speaks for the unit
//   172 R718Y                                      6–7 temperature int16 1/10 °C, behind the pressure
//   5, 13 RA07, 9 R726, 87 R718PA, 88 R718PB       kind 12: 4–5 temperature int16 1/100 °C, 6–7 humidity
//                                                  1/100 %, ones where there is no such sensor
//   2 R311A, 29 R718F, 62 R718F2, 125 R730F, 126 R730F2          4 (first) reed contact, a door only where `openIs` is set
//   4 R311G                                        4–5 light
// FPort 7 answers to configuration, 13 to the button's settings, 14 to calibration, 22 to alarm thresholds.
import { guarded, int16be, uint8, uint16be } from './bytes.ts'
import {
  batteryVolts,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  doorBy,
  failure,
  firstWorking,
  type Measurement,
  measurement,
  none,
  reading,
  relativeHumidity,
  thermometer,
  unknownPort,
  wrongLength,
} from './decoder.ts'

const airC = [-40, 125] as const
const probeC = [-200, 1300] as const
const pressureC = [-40, 85] as const

type Report = (bytes: Uint8Array, options: DecodeOptions) => Partial<Measurement>

function airAt(bytes: Uint8Array, at: number): Partial<Measurement> {
  return {
    ...thermometer(int16be(bytes, at) / 100, airC),
    humidity: relativeHumidity(uint16be(bytes, at + 2) / 100),
  }
}
const air: Report = (bytes) => airAt(bytes, 4)
const airOnly: Report = (bytes) => thermometer(int16be(bytes, 4) / 100, airC)
const oneProbe: Report = (bytes) => thermometer(int16be(bytes, 4) / 10, probeC)
const twoProbes: Report = (bytes) =>
  firstWorking([4, 6].map((at) => thermometer(int16be(bytes, at) / 10, probeC)))
const contact: Report = (bytes, options) => ({ doorOpen: doorBy(options, uint8(bytes, 4)) })

const reports = new Map<number, Report>([
  ...[1, 11, 19, 53, 54, 55, 106, 110, 111].map((type): [number, Report] => [type, air]),
  ...[3, 156, 157, 188].map((type): [number, Report] => [type, airOnly]),
  [112, (bytes) => thermometer(int16be(bytes, 8) / 100, airC)],
  [165, (bytes) => airAt(bytes, 6)],
  ...[144, 145, 146, 147, 148, 149].map((type): [number, Report] => [type, oneProbe]),
  [172, (bytes) => thermometer(int16be(bytes, 6) / 10, pressureC)],
  ...[56, 60].map((type): [number, Report] => [type, twoProbes]),
  ...[20, 21, 22, 23, 24, 25, 120, 121, 122, 123, 124].map((type): [number, Report] => [type, twoProbes]),
  ...[2, 29, 62, 125, 126].map((type): [number, Report] => [type, contact]),
])

const stations = new Set([5, 9, 13, 87, 88])
const absent = 0xffff

/** Of these −0.01 °C cannot be told from no sensor: ones are none. */
function weather(bytes: Uint8Array): Partial<Measurement> {
  const [hasThermometer, hasHygrometer] = [4, 6].map((at) => uint16be(bytes, at) !== absent)
  return {
    ...(hasThermometer && thermometer(int16be(bytes, 4) / 100, airC)),
    ...(hasHygrometer && { humidity: relativeHumidity(uint16be(bytes, 6) / 100) }),
  }
}

function report(bytes: Uint8Array, options: DecodeOptions): Decoded {
  if (bytes.length !== 11) return wrongLength(bytes, '11 bytes')
  if (uint8(bytes, 0) !== 1)
    return failure(`Format version ${uint8(bytes, 0)} is unknown; this is not a report.`)
  if (uint8(bytes, 2) === 0) return none('Firmware version and date')
  const battery = { batteryVolts: batteryVolts((uint8(bytes, 3) & 0x7f) / 10, 12.7) }
  if (stations.has(uint8(bytes, 1)) && uint8(bytes, 2) === 12)
    return reading({ ...weather(bytes), ...battery }, 'No thermometer, no hygrometer')
  const read = reports.get(uint8(bytes, 1))
  if (!read || uint8(bytes, 2) !== 1) return none(`Report of device type ${uint8(bytes, 1)}`, battery)
  return measurement({ ...read(bytes, options), ...battery })
}

const answerPorts = new Set([7, 13, 14, 22])

function netvox(bytes: Uint8Array, fPort: number, options: DecodeOptions): Decoded {
  if (answerPorts.has(fPort)) {
    const isAnswer = (uint8(bytes, 0) & 0x80) !== 0 && bytes.length <= 11
    return isAnswer
      ? none('Answer to a configuration or calibration command')
      : failure(`Command 0x${uint8(bytes, 0).toString(16)} is not an answer.`)
  }
  return fPort === 6 ? report(bytes, options) : unknownPort(fPort, '6, 7, 13, 14 and 22')
}

export const netvoxDecoder: Decoder = { name: 'netvox', version: 3, decode: guarded(netvox) }

// Replayed records of Milesight devices: item 20 ce (or 21 ce), Unix time uint32, then the values in the
// order below; little endian. The item is the same for all models, so the model decides what it holds.
// Lengths include the time.
//
//   EM300-TH, EM320-TH, AM102        7   temperature 2, humidity 1
//   EM300-MCS / -SLD, -ZLD           8   temperature 2, humidity 1, magnet (1 open) / leak
//   EM300-MLD                        8   the same with zeros, for it has neither: nothing is told
//   EM300-DI                        13   temperature 2, humidity 1, mode, input, pulses 4       (21 ce: 18)
//   AM103                            9   temperature 2, humidity 1, CO2 2
//   AM307 / AM308 / AM319  16 / 20 / 22  temperature 2, humidity uint16 1/2 %, motion, light, gases, dust
//   EM500-PT100                      6   temperature 2
//   EM500-CO2                       11   CO2 2, pressure 2, temperature 2, humidity 1
//   EM500-SMT(C)                    10   conductivity 2, temperature 2, moisture 2
//   TS101, TS201                     7   event (bits 7–4 read status: 0 sound), temperature 2
//   TS201 v2                         9   probe type (2: SHT4x), temperature 2, humidity 1, event (bits 7–6 and
//     5–4 are the read status of temperature and humidity, 0 sound)
//   TS301, TS302                     9   two 4-bit kinds (1–4 temperature, 5–6 magnet), an int16 for each
import { int16le, uint8, uint16le, uint32le } from './bytes.ts'
import {
  type DecodeOptions,
  firstWorking,
  type Measurement,
  noProbe,
  relativeHumidity,
  type Sample,
  sample,
  type Thermometer,
} from './decoder.ts'

/** How a model reads the two bytes of a temperature. */
export type Celsius = (bytes: Uint8Array, at: number) => Thermometer

type Values = Partial<Measurement>
type Layout = { bytes: number; read?: (bytes: Uint8Array, at: number, celsius: Celsius) => Values }

const readAir = (bytes: Uint8Array, at: number, celsius: Celsius): Values => ({
  ...celsius(bytes, at),
  humidity: relativeHumidity(uint8(bytes, at + 2) / 2),
})

const air = (length: number): Layout => ({ bytes: length, read: readAir })

const wideAir = (length: number): Layout => ({
  bytes: length,
  read: (bytes, at, celsius) => ({
    ...celsius(bytes, at),
    humidity: relativeHumidity(uint16le(bytes, at + 2) / 2),
  }),
})

const airAndMagnet: Layout = {
  bytes: 8,
  read: (bytes, at, celsius) => ({ ...readAir(bytes, at, celsius), doorOpen: uint8(bytes, at + 3) === 1 }),
}

const thermometerAt = (offset: number, length: number): Layout => ({
  bytes: length,
  read: (bytes, at, celsius) => celsius(bytes, at + offset),
})

const co2: Layout = {
  bytes: 11,
  read: (bytes, at, celsius) => ({
    ...celsius(bytes, at + 4),
    humidity: relativeHumidity(uint8(bytes, at + 6) / 2),
  }),
}

const withReadStatus: Layout = {
  bytes: 7,
  read: (bytes, at, celsius) => (uint8(bytes, at) >> 4 === 0 ? celsius(bytes, at + 1) : noProbe),
}

const withProbeType: Layout = {
  bytes: 9,
  read: (bytes, at, celsius) => {
    const status = uint8(bytes, at + 4)
    const hasHumidity = uint8(bytes, at) === 2 && (status & 0x30) === 0
    return {
      ...(status >> 6 === 0 ? celsius(bytes, at + 1) : noProbe),
      humidity: hasHumidity ? relativeHumidity(uint8(bytes, at + 3) / 2) : null,
    }
  },
}

const twoChannels: Layout = {
  bytes: 9,
  read: (bytes, at, celsius) => {
    const kinds = [uint8(bytes, at) >> 4, uint8(bytes, at) & 0x0f]
    const thermometers: Thermometer[] = []
    let doorOpen: boolean | null = null
    for (const [channel, kind] of kinds.entries()) {
      const position = at + 1 + 2 * channel
      if (kind >= 1 && kind <= 4) thermometers.push(celsius(bytes, position))
      if (kind === 5 || kind === 6) doorOpen ??= int16le(bytes, position) === 1
    }
    return { ...(thermometers.length > 0 && firstWorking(thermometers)), doorOpen }
  },
}

// Where one model's name begins another's the longer stands first. Where firmware differs, the record that
// leads to the next one or to the end of the frame is the true one: EM300-TH may add a status byte, TS201 has
// two generations.
const layouts: [prefix: string, candidates: Layout[]][] = [
  ['em300-mcs', [airAndMagnet]],
  ['em300-mld', [{ bytes: 8 }]],
  ['em300-sld', [air(8)]],
  ['em300-zld', [air(8)]],
  ['em300-di', [air(13)]],
  ['em300', [air(7), air(8)]],
  ['em320-th', [air(7), air(8)]],
  ['am102', [air(7)]],
  ['am103', [air(9)]],
  ['am307', [wideAir(16)]],
  ['am308', [wideAir(20)]],
  ['am319', [wideAir(22)]],
  ['em500-pt100', [thermometerAt(0, 6)]],
  ['em500-co2', [co2]],
  ['em500-smt', [thermometerAt(2, 10)]],
  ['ts201v2', [withProbeType]],
  ['ts201', [withReadStatus, withProbeType]],
  ['ts3', [twoChannels]],
  ['ts', [withReadStatus]],
]

function isWholeRecord(bytes: Uint8Array, end: number): boolean {
  return end === bytes.length || ((bytes[end] ?? 0) >> 1 === 0x10 && bytes[end + 1] === 0xce)
}

function layoutOf(model: string, channel: number, bytes: Uint8Array, start: number): Layout | undefined {
  if (model.startsWith('em300-di') && channel === 0x21) return air(18)
  const candidates = layouts.find(([prefix]) => model.startsWith(prefix))?.[1]
  return candidates?.find((layout) => isWholeRecord(bytes, start + layout.bytes)) ?? candidates?.[0]
}

/** Reads one record; returns its length, or undefined if the model is not known to replay. */
export function historyRecord(
  samples: Sample[],
  bytes: Uint8Array,
  start: number,
  channel: number,
  { model }: DecodeOptions,
  celsius: Celsius,
): number | undefined {
  const layout = layoutOf(model, channel, bytes, start)
  if (!layout) return undefined
  if (start + layout.bytes <= bytes.length) {
    const values = layout.read?.(bytes, start + 4, celsius)
    if (values) samples.push(sample(uint32le(bytes, start) * 1000, values))
  }
  return layout.bytes
}

const answers: Record<number, number> = {
  1: 1,
  2: 2,
  3: 2,
  6: 9,
  8: 6,
  9: 2,
  10: 2,
  11: 1,
  15: 1,
  16: 1,
  17: 4,
  22: 8,
  23: 2,
  24: 2,
  27: 5,
  37: 1,
  39: 1,
  40: 1,
  45: 1,
  46: 1,
  53: 8,
  74: 1,
  104: 1,
  105: 1,
  106: 3,
  109: 1,
  142: 3,
  145: 5,
  150: 8,
  160: 9,
  233: 1,
  234: 3,
  235: 1,
  242: 2,
  245: 1,
  254: 1,
  255: 2,
}

/** Length of a device-information or answer item; undefined if the rest of the frame cannot be read. */
export function answerBytes(channel: number, type: number): number | undefined {
  return channel >= 0xfe ? answers[type] : undefined
}

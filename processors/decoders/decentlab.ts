// Decentlab DL series, any FPort, big endian words: 0 protocol (2), 1–2 device id, 3–4 which groups follow
// (bit 0 the first), then the groups of words that the model has, in order. The last group (DL-IAM and
// DL-PM: the first) is the battery in mV. Temperatures are words with an offset of 32768 in 1/10, 1/16 or 1/100 °C, or
// straight from the sensor chip: SHT3x 175·w/65535 − 45 °C and 100·w/65535 %, SHT2x 175.72·w/65536 − 46.85 °C
// and 125·w/65536 − 6 %.
import { guarded, uint8, uint16be } from './bytes.ts'
import {
  batteryVolts,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  failure,
  firstWorking,
  type Measurement,
  none,
  reading,
  relativeHumidity,
  type Thermometer,
  thermometer,
  wrongLength,
} from './decoder.ts'

type Values = Partial<Measurement>
type Words = readonly number[]
type Group = { words: number; read?: (words: Words) => Values }

// 327.67 is what all ones read in hundredths, so the range ends before it.
const rangeC = [-200, 327] as const
const word = (words: Words, at: number) => words[at] ?? Number.NaN

const offset = (at: number, divisor: number) => (words: Words) =>
  thermometer((word(words, at) - 32768) / divisor, rangeC)

const battery: Group = { words: 1, read: (words) => ({ batteryVolts: batteryVolts(word(words, 0) / 1000) }) }

const one = (words: number, at: number, divisor: number): Group => ({ words, read: offset(at, divisor) })

const sht3x: Group = {
  words: 2,
  read: (words) => ({
    ...thermometer((175 * word(words, 0)) / 65535 - 45, rangeC),
    humidity: relativeHumidity((100 * word(words, 1)) / 65535),
  }),
}

const sht2x: Group = {
  words: 2,
  read: (words) => ({
    ...thermometer((175.72 * word(words, 0)) / 65536 - 46.85, rangeC),
    humidity: relativeHumidity((125 * word(words, 1)) / 65536 - 6),
  }),
}

const rotronic: Group = {
  words: 4,
  read: (words) => ({ ...offset(3, 100)(words), humidity: relativeHumidity(word(words, 2) / 100) }),
}

const infrared: Group = { words: 2, read: (words) => thermometer((word(words, 0) - 1000) / 10, rangeC) }
const legacySoil: Group = { words: 2, read: (words) => thermometer((word(words, 1) - 400) / 10, rangeC) }
const keller: Group = {
  words: 2,
  read: (words) => thermometer((word(words, 1) - 384) * 0.003125 - 50, rangeC),
}

const profile = (step: number, first: number): Group => ({
  words: 16,
  read: (words) => {
    const levels: Thermometer[] = []
    for (let at = first; at < 16; at += step) levels.push(offset(at, 100)(words))
    return firstWorking(levels)
  },
})

// Resistors are sent as the ratio of a bridge, 32 bits, low word first: ratio = raw / 2²³ − 1.
const ratio = (words: Words) => (word(words, 0) + word(words, 1) * 65536) / 8388608 - 1

// DL-DLR2-008 and -009 measure a Pt100 or Pt1000 against 2,000 Ω; the vendor's quadratic turns ohms into °C.
const resistor = (share: number, [constant, linear, square]: readonly [number, number, number]): Group => ({
  words: 2,
  read: (words) => {
    const part = ratio(words) * share
    const ohms = (part * 2000) / (1 - part)
    return thermometer(constant + linear * ohms + square * ohms * ohms, rangeC)
  },
})

// DL-BLG: a thermistor with 41 kΩ before it, by Steinhart and Hart.
const blackGlobe: Group = {
  words: 2,
  read: (words) => {
    const logOhms = Math.log(1000 / (ratio(words) / 2) - 41000)
    const kelvin = 1 / (0.0008271111 + 0.000208802 * logOhms + 0.000000080592 * logOhms ** 3)
    return thermometer(kelvin - 273.15, rangeC)
  },
}

const weather: Group = {
  words: 17,
  read: (words) => ({
    ...offset(7, 10)(words),
    humidity: relativeHumidity((word(words, 10) - 32768) / 10),
  }),
}

const road: Group = {
  words: 6,
  read: (words) => ({
    ...offset(1, 100)(words),
    humidity: relativeHumidity((word(words, 2) - 32768) / 100),
  }),
}

const groups: Record<string, Group[]> = {
  'dl-ds18': [one(1, 0, 16), battery],
  'dl-rhc': [rotronic, battery],
  'dl-sht35': [sht3x, battery],
  'dl-sht21': [sht2x, battery],
  'dl-trs11': [one(2, 1, 10), battery],
  'dl-trs12': [one(3, 1, 10), battery],
  'dl-trs21': [one(2, 1, 10), battery],
  'dl-5tm': [legacySoil, battery],
  'dl-ctd10': [one(4, 1, 10), battery],
  'dl-atm41': [weather, battery],
  'dl-atm41g2': [weather, battery],
  'dl-mes5': [one(5, 1, 100), battery],
  'dl-pr36': [one(2, 1, 256), battery],
  'dl-pr36ctd': [one(4, 2, 256), battery],
  'dl-blg': [blackGlobe, battery],
  'dl-dlr2-008': [resistor(0.5, [-244.83, 2.3419, 0.0010664]), battery],
  'dl-dlr2-009': [resistor(1, [-245.18, 0.23469, 0.0000104876]), battery],
  'dl-wrm': [sht3x, { words: 2 }, battery],
  'dl-cws2': [sht3x, { words: 6 }, battery],
  'dl-pm': [battery, { words: 10 }, sht2x, { words: 1 }],
  'dl-pheht': [one(5, 1, 100), battery],
  'dl-atm22': [one(8, 3, 10), battery],
  'dl-itst': [infrared, battery],
  'dl-tp': [profile(1, 0), battery],
  'dl-smtp': [profile(2, 1), battery],
  'dl-cws': [road, battery],
  'dl-pr26': [keller, battery],
  'dl-pr21': [keller, battery],
  'dl-lp8p': [sht2x, { words: 2 }, { words: 8 }, battery],
  'dl-iam': [battery, sht3x, { words: 1 }, { words: 2 }, { words: 3 }, { words: 1 }, { words: 1 }],
}

function groupsOf(model: string): Group[] | undefined {
  const prefix = Object.keys(groups).find((name) => model === name || model.startsWith(`${name}-`))
  return prefix === undefined ? undefined : groups[prefix]
}

export function isDecentlabModel(model: string): boolean {
  return groupsOf(model) !== undefined
}

function decentlab(bytes: Uint8Array, _fPort: number, { model }: DecodeOptions): Decoded {
  const layout = groupsOf(model)
  if (!layout) return failure(`Decentlab ${model} is not known.`)
  if (uint8(bytes, 0) !== 2)
    return failure(`Protocol version ${uint8(bytes, 0)} is unknown; this is version 2.`)
  const flags = uint16be(bytes, 3)
  if (flags >> layout.length !== 0)
    return failure('The frame announces groups that this device does not have.')
  const present = layout.filter((_, index) => (flags >> index) & 1)
  const length = 5 + 2 * present.reduce((sum, group) => sum + group.words, 0)
  if (bytes.length !== length) return wrongLength(bytes, `${length} bytes`)
  if (present.length === 0) return none('No group of values')
  let values: Values = {}
  let at = 5
  for (const group of present) {
    const words = Array.from({ length: group.words }, (_, index) => uint16be(bytes, at + 2 * index))
    values = { ...values, ...group.read?.(words) }
    at += 2 * group.words
  }
  return reading(values, 'Battery or other quantities')
}

export const decentlabDecoder: Decoder = { name: 'decentlab', version: 2, decode: guarded(decentlab) }

// Milesight EM, AM, TS, WS and WTS series, any FPort: a chain of items, each channel, type, then a value
// whose length follows from both; little endian.
//
//   01 75  battery %            03 67  temperature int16 1/10 °C        04 68  humidity 1/2 %
//   83 67  temperature, alarm   93 67, 93 d7, 83 d7  temperature, jump, alarm       b3 67  the probe failed
//   84 68, 94 68  the same for humidity, b4 68 its failure              04 ca  soil moisture
//   06 00  magnet of EM300-MCS, 03 00  of WS301: 1 open
//   20 ce, 21 ce  one replayed record, see milesight-history.ts
//   EM500-PT100 says ffff where its probe fails and fffd where it is out of range: it has no −0.1 and −0.3 °C
//   ff …   who I am (sent after a join); fe …, ff …, f8 …, f9 …  answers to downlinks
// TS301 and TS302 have two channels, 03 and 04, each a thermometer (67) or a magnet (00), alarms at 83/84 67
// and 93/94 d7. The other items of a model (light, CO2, leak, …) are stepped over by their length.
//
// An item that the model does not have is an error: after it nothing can be trusted to be where it seems.
import { guarded, int16le, uint8, uint16le } from './bytes.ts'
import {
  batteryPercent,
  chosenProbe,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  failure,
  history,
  type Measurement,
  none,
  noProbe,
  orNext,
  type RangeC,
  reading,
  relativeHumidity,
  type Sample,
  type Thermometer,
  thermometer,
} from './decoder.ts'
import { answerBytes, type Celsius, historyRecord } from './milesight-history.ts'

type Draft = {
  first: Thermometer | undefined
  second: Thermometer | undefined
  values: Partial<Measurement>
  samples: Sample[]
  /** Whether any item was a measured value, even one that we have no use for. */
  hasValue: boolean
}

type Item = { bytes: number; read?: (draft: Draft, bytes: Uint8Array, at: number, celsius: Celsius) => void }

type Model = { items: ReadonlyMap<number, Item>; celsius: Celsius }

type Channel = 'first' | 'second'

const temperatureAs = (channel: Channel, length: number): Item => ({
  bytes: length,
  read: (draft, bytes, at, celsius) => {
    draft[channel] = celsius(bytes, at)
  },
})

const failureOf = (channel: Channel): Item => ({
  bytes: 1,
  read: (draft) => {
    draft[channel] = noProbe
  },
})

const humidityAs = (length: number): Item => ({
  bytes: length,
  read: (draft, bytes, at) => {
    draft.values.humidity = relativeHumidity(uint8(bytes, at) / 2)
  },
})

const battery: Item = {
  bytes: 1,
  read: (draft, bytes, at) => {
    draft.values.batteryPercent = batteryPercent(uint8(bytes, at))
  },
}

const magnet: Item = {
  bytes: 1,
  read: (draft, bytes, at) => {
    const state = uint8(bytes, at)
    draft.values.doorOpen = state <= 1 ? state === 1 : null
  },
}

const skipped = (length: number): Item => ({ bytes: length })

const climate: [number, Item][] = [
  [0x0175, battery],
  [0x0367, temperatureAs('first', 2)],
  [0x8367, temperatureAs('first', 3)],
  [0x9367, temperatureAs('first', 5)],
  [0x93d7, temperatureAs('first', 5)],
  [0x83d7, temperatureAs('first', 5)],
  [0xb367, failureOf('first')],
  [0x0468, humidityAs(1)],
  [0x8468, humidityAs(2)],
  [0x9468, humidityAs(3)],
  [0xb468, skipped(1)],
]

// Leak, digital input, pulses; motion, light, gases, dust, pressure; soil; weather; distance and position.
const bystanders: [number, Item][] = [
  [0x0500, skipped(1)],
  [0x0600, skipped(1)],
  [0x03ed, skipped(1)],
  [0x83ed, skipped(2)],
  [0x04ee, skipped(1)],
  [0x8500, skipped(2)],
  [0x05c8, skipped(4)],
  [0x06e1, skipped(8)],
  [0x86e1, skipped(9)],
  [0x056a, skipped(2)],
  [0x0665, skipped(6)],
  [0x06cb, skipped(1)],
  [0x057d, skipped(2)],
  [0x077d, skipped(2)],
  [0x087d, skipped(2)],
  [0x08e6, skipped(2)],
  [0x0673, skipped(2)],
  [0x0973, skipped(2)],
  [0x0a7d, skipped(2)],
  [0x0b7d, skipped(2)],
  [0x0c7d, skipped(2)],
  [0x0d7d, skipped(2)],
  [0x0e01, skipped(1)],
  [0x04ca, skipped(2)],
  [0x057f, skipped(2)],
  [0x0584, skipped(2)],
  [0x0792, skipped(2)],
  [0x0877, skipped(3)],
  [0x0482, skipped(2)],
]

const twoChannels: [number, Item][] = [
  [0x0175, battery],
  [0x0367, temperatureAs('first', 2)],
  [0x0300, magnet],
  [0x8367, temperatureAs('first', 3)],
  [0x93d7, temperatureAs('first', 5)],
  [0x0467, temperatureAs('second', 2)],
  [0x0400, magnet],
  [0x8467, temperatureAs('second', 3)],
  [0x94d7, temperatureAs('second', 5)],
]

const within =
  (rangeC: RangeC): Celsius =>
  (bytes, at) =>
    thermometer(int16le(bytes, at) / 10, rangeC)

const wide = within([-200, 800])

const failing = new Set([0xffff, 0xfffd])

const ambient: Model = { items: new Map([...climate, ...bystanders]), celsius: within([-40, 125]) }
const probe: Model = { items: ambient.items, celsius: wide }
const pt100: Model = {
  items: ambient.items,
  celsius: (bytes, at) => (failing.has(uint16le(bytes, at)) ? noProbe : wide(bytes, at)),
}
const mcs: Model = { items: new Map([...climate, [0x0600, magnet]]), celsius: ambient.celsius }
const contact: Model = {
  items: new Map([
    [0x0175, battery],
    [0x0300, magnet],
    [0x0400, skipped(1)],
  ]),
  celsius: ambient.celsius,
}
const dual: Model = { items: new Map(twoChannels), celsius: within([-60, 300]) }

function modelOf(model: string): Model {
  if (model.startsWith('ts3')) return dual
  if (model.startsWith('ws301')) return contact
  if (model.startsWith('em300-mcs')) return mcs
  if (model.startsWith('em500-pt100')) return pt100
  return model.startsWith('ts') ? probe : ambient
}

const hex = (value: number) => value.toString(16).padStart(2, '0')

/** Reads all items into the draft; returns what is wrong, or undefined. */
function readItems(draft: Draft, bytes: Uint8Array, options: DecodeOptions): string | undefined {
  const { items, celsius } = modelOf(options.model)
  let at = 0
  while (at < bytes.length) {
    const channel = uint8(bytes, at)
    const type = uint8(bytes, at + 1)
    const item = items.get((channel << 8) | type)
    const start = at + 2
    let length: number | undefined
    if (item) {
      length = item.bytes
      draft.hasValue = true
    } else if (type === 0xce && (channel === 0x20 || channel === 0x21)) {
      length = historyRecord(draft.samples, bytes, start, channel, options, celsius)
    } else if (channel >= 0xf8) {
      length = answerBytes(channel, type)
      if (length === undefined) return undefined
    }
    if (length === undefined) return `Channel ${hex(channel)} ${hex(type)} is not one of ${options.model}'s.`
    if (start + length > bytes.length) return `The value of channel ${hex(channel)} ${hex(type)} is cut off.`
    item?.read?.(draft, bytes, start, celsius)
    at = start + length
  }
  return undefined
}

function unitThermometer({ first, second }: Draft, options: DecodeOptions): Thermometer | undefined {
  if (options.probe && second) return chosenProbe(options, first ?? noProbe, second)
  return second ? orNext(first, second) : first
}

function milesight(bytes: Uint8Array, _fPort: number, options: DecodeOptions): Decoded {
  const draft: Draft = { first: undefined, second: undefined, values: {}, samples: [], hasValue: false }
  const problem = readItems(draft, bytes, options)
  if (problem) return failure(problem)
  if (!draft.hasValue && draft.samples.length === 0)
    return none('Device information or an answer to a downlink')
  const values = Object.assign(draft.values, unitThermometer(draft, options))
  const current = reading(values, 'Battery or other quantities')
  if (draft.samples.length === 0) return current
  return current.kind === 'measurement'
    ? { ...current, samples: draft.samples }
    : history(draft.samples, draft.values)
}

export const milesightDecoder: Decoder = { name: 'milesight', version: 3, decode: guarded(milesight) }

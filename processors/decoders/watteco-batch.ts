// Watteco batches: many timed values of several series in one frame of bits.
//
// Bits are taken from each byte lowest first; a number of more than 8 bits comes highest byte first, the odd
// bits in the first. Prefix codes ("sizes") are matched bit by bit, first bit highest, in one of three
// tables.
//
//   8 bits flags: 7–4 number of series, 2 no further values, 1 common times; 3 bits counter; 1 bit unused
//   per series: label (bits by model), time, first value raw; with further values 2 bits coding, 2 bits table
//   common times: 8 bits count, 2 bits table, times; then per series: label, per time 1 bit, a value
//   own times: per series: label, 8 bits count, 2 bits table if any, per value a time and the value
//   last: the device's clock at sending, as a time
// A time is 32 bits of seconds if there is none before it, else a size s from table 1 (or the given one): 15
// raw 32 bits, 0 the same again, else s bits + the one before + 2^s − 1. A value is a size s: 15 raw, 0 the
// same again, else s bits, in steps of the series' resolution: coding 0 signed (upper half positive), 1
// rising, 2 falling. The age of a value is the clock at sending minus its time. The newest value of each
// series is the current one.
import {
  batteryVolts,
  type Decoded,
  type DecodeOptions,
  failure,
  type Measurement,
  none,
  reading,
  relativeHumidity,
  type Sample,
  sample,
  thermometer,
} from './decoder.ts'

type Meaning = 'temperature' | 'humidity' | 'battery'
type Series = { resolution: number; bits: number; isSigned: boolean; meaning?: Meaning; divisor: number }
type Point = { timeSeconds: number; value: number }

class BadBatch extends Error {}

const rangeC = [-60, 200] as const
const rawSize = 15

// The code words of sizes 0 to 15 by table, as length:word.
const codes = [
  '2:0 2:1 2:3 3:5 4:9 5:17 6:33 7:65 8:129 10:512 11:1026 11:1027 11:1028 11:1029 11:1030 11:1031',
  '7:111 5:26 4:12 3:3 3:7 2:2 2:0 3:2 6:54 9:443 9:441 10:885 10:884 10:880 11:1763 11:1762',
  '4:9 3:5 2:0 2:1 2:3 5:17 6:33 7:65 8:129 10:512 11:1026 11:1027 11:1028 11:1029 11:1030 11:1031',
]
const codeKey = (length: number, word: number) => (length << 16) | word
const sizes = codes.map(
  (table) =>
    new Map(
      table.split(' ').map((code, size): [number, number] => {
        const [length, word] = code.split(':').map(Number)
        return [codeKey(length ?? 0, word ?? 0), size]
      }),
    ),
)

class BitReader {
  readonly #bytes: Uint8Array
  #position = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  #bit(): number {
    const byte = this.#bytes[this.#position >> 3]
    if (byte === undefined) throw new BadBatch('The batch ends in the middle of a value.')
    return (byte >> (this.#position++ & 7)) & 1
  }

  /** Whether all that is left is the padding of the last byte. */
  isAtEnd(): boolean {
    return this.#bytes.length * 8 - this.#position < 8
  }

  unsigned(count: number): number {
    let value = 0
    for (let left = count; left > 0; ) {
      const chunk = left % 8 || 8
      let part = 0
      for (let bit = 0; bit < chunk; bit++) part |= this.#bit() << bit
      value = value * 256 + part
      left -= chunk
    }
    return value
  }

  raw({ bits, isSigned }: Series): number {
    const value = this.unsigned(bits)
    return isSigned && value >= 2 ** (bits - 1) ? value - 2 ** bits : value
  }

  size(table: number): number {
    let word = this.#bit()
    for (let length = 2; length <= 11; length++) {
      word = (word << 1) | this.#bit()
      const size = sizes[table]?.get(codeKey(length, word))
      if (size !== undefined) return size
    }
    throw new BadBatch('The batch holds a code word that does not exist.')
  }

  /** A time that follows `before`, its size taken from `table`. */
  nextTime(before: number, table: number): number {
    const size = this.size(table)
    if (size === rawSize) return this.unsigned(32)
    return size === 0 ? before : this.unsigned(size) + before + 2 ** size - 1
  }

  time(before: number): number {
    return before === 0 ? this.unsigned(32) : this.nextTime(before, 1)
  }

  step(size: number, coding: number): number {
    const bits = this.unsigned(size)
    if (coding === 0) return bits >= 2 ** (size - 1) ? bits : bits + 1 - 2 ** size
    const distance = bits + 2 ** size - 1
    return coding === 1 ? distance : -distance
  }
}

const series = (
  meaning: Meaning | undefined,
  resolution: number,
  bits: number,
  isSigned: boolean,
): Series => ({
  ...(meaning && { meaning }),
  resolution,
  bits,
  isSigned,
  divisor: meaning === 'battery' ? 1000 : 100,
})

type Layout = { labelBits: number; series: Record<number, Series> }

const temperature = series('temperature', 10, 16, true)
const humidity = series('humidity', 100, 16, false)
const battery = series('battery', 1, 16, false)
const coarseBattery = series('battery', 100, 16, false)
const flag = series(undefined, 1, 1, false)

const climate: Layout = { labelBits: 2, series: { 0: temperature, 1: humidity, 2: battery, 3: flag } }
const layouts: [pattern: RegExp, layout: Layout][] = [
  [/^(climo|hygrotempo|humido|th-sensor|indoor-temperature|tempo$|t-indoor)/, climate],
  [/^(tempo-remote-1|remote-t)/, { labelBits: 1, series: { 0: temperature, 1: coarseBattery } }],
  [
    /^(tempo-outdoor|tempo-remote-2|t-2-ctn)/,
    { labelBits: 3, series: { 0: temperature, 1: temperature, 5: coarseBattery } },
  ],
  [
    /^atmo/,
    {
      labelBits: 3,
      series: {
        0: series('temperature', 1, 16, true),
        1: series('humidity', 1, 16, false),
        2: series(undefined, 1, 16, true),
        3: series(undefined, 1, 32, false),
        4: series(undefined, 1, 32, false),
        5: battery,
      },
    },
  ],
  [
    /^ventilo/,
    {
      labelBits: 3,
      series: {
        0: series(undefined, 1, 16, true),
        1: series(undefined, 1, 16, true),
        2: series(undefined, 1, 16, true),
        3: battery,
        4: temperature,
        5: series(undefined, 1, 16, true),
        6: series(undefined, 1, 32, false),
        7: flag,
      },
    },
  ],
  [
    /^vaqao/,
    {
      labelBits: 3,
      series: {
        0: series(undefined, 1, 8, false),
        1: temperature,
        2: humidity,
        3: series(undefined, 10, 16, false),
        4: series(undefined, 10, 16, false),
        5: series(undefined, 10, 16, false),
        6: series(undefined, 10, 16, false),
      },
    },
  ],
]

type Track = { label: number; series: Series; coding: number; table: number; points: Point[] }

function trackOf(tracks: Track[], label: number): Track {
  const track = tracks.find((candidate) => candidate.label === label)
  if (!track) throw new BadBatch(`The batch continues series ${label}, which it did not begin.`)
  return track
}

const newest = (track: Track): Point => track.points.at(-1) ?? { timeSeconds: 0, value: 0 }

/** The value after the newest of the track; undefined for "the same again", for the caller to judge. */
function nextValue(reader: BitReader, track: Track): number | undefined {
  const size = reader.size(track.table)
  if (size === rawSize) return reader.raw(track.series)
  if (size === 0) return undefined
  return newest(track).value + reader.step(size, track.coding) * track.series.resolution
}

function beginTracks(reader: BitReader, layout: Layout, count: number, hasMore: boolean): Track[] {
  const tracks: Track[] = []
  let timeSeconds = 0
  for (let index = 0; index < count; index++) {
    const label = reader.unsigned(layout.labelBits)
    const shape = layout.series[label]
    if (!shape) throw new BadBatch(`The batch holds series ${label}, which this device does not have.`)
    timeSeconds = reader.time(timeSeconds)
    const points = [{ timeSeconds, value: reader.raw(shape) }]
    const [coding, table] = hasMore ? [reader.unsigned(2), reader.unsigned(2)] : [0, 0]
    tracks.push({ label, series: shape, coding, table, points })
  }
  return tracks
}

function commonTimes(reader: BitReader, tracks: Track[]): number[] {
  const count = reader.unsigned(8)
  const table = reader.unsigned(2)
  const times: number[] = []
  for (let index = 0; index < count; index++) {
    const before = times.at(-1) ?? tracks[0]?.points[0]?.timeSeconds ?? 0
    const size = reader.size(table)
    if (size === rawSize) times.push(reader.unsigned(32))
    // The first common time is the first value's own: its size is spent, not used.
    else times.push(index === 0 || size === 0 ? before : reader.unsigned(size) + before + 2 ** size - 1)
  }
  return times
}

function readCommon(reader: BitReader, layout: Layout, tracks: Track[]): number {
  const times = commonTimes(reader, tracks)
  for (let index = 0; index < tracks.length; index++) {
    const track = trackOf(tracks, reader.unsigned(layout.labelBits))
    let isFirstRepeat = true
    for (const timeSeconds of times) {
      if (reader.unsigned(1) === 0) continue
      const value = nextValue(reader, track)
      // The first value of the series stands at the first common time already.
      if (value === undefined && isFirstRepeat) {
        isFirstRepeat = false
        continue
      }
      track.points.push({ timeSeconds, value: value ?? newest(track).value })
    }
  }
  return times.at(-1) ?? 0
}

function readOwn(reader: BitReader, layout: Layout, tracks: Track[], lastSeconds: number): number {
  let last = lastSeconds
  for (let index = 0; index < tracks.length; index++) {
    const track = trackOf(tracks, reader.unsigned(layout.labelBits))
    const count = reader.unsigned(8)
    const table = count > 0 ? reader.unsigned(2) : 0
    for (let point = 0; point < count; point++) {
      const timeSeconds = reader.nextTime(newest(track).timeSeconds, table)
      last = Math.max(last, timeSeconds)
      track.points.push({ timeSeconds, value: nextValue(reader, track) ?? newest(track).value })
    }
  }
  return last
}

function readBatch(bytes: Uint8Array, layout: Layout): { tracks: Track[]; clockSeconds: number } {
  const reader = new BitReader(bytes)
  const flags = reader.unsigned(8)
  reader.unsigned(3)
  reader.unsigned(1)
  const hasMore = (flags & 0x04) === 0
  const tracks = beginTracks(reader, layout, flags >> 4, hasMore)
  let last = tracks.at(-1)?.points[0]?.timeSeconds ?? 0
  if (hasMore) {
    last = flags & 0x02 ? readCommon(reader, layout, tracks) : readOwn(reader, layout, tracks, last)
  }
  const clockSeconds = reader.time(last)
  if (!reader.isAtEnd()) throw new BadBatch('The batch goes on behind its last value.')
  return { tracks, clockSeconds }
}

function valuesOf({ series: { meaning, divisor } }: Track, { value }: Point): Partial<Measurement> {
  switch (meaning) {
    case 'temperature':
      return thermometer(value / divisor, rangeC)
    case 'humidity':
      return { humidity: relativeHumidity(value / divisor) }
    case 'battery':
      return { batteryVolts: batteryVolts(value / divisor) }
    default:
      return {}
  }
}

// Of two probes the first is the unit's, unless the device is set to the other one.
function spokenFor(tracks: Track[], probe: DecodeOptions['probe']): Track[] {
  const thermometers = tracks.filter((track) => track.series.meaning === 'temperature')
  const ordered = thermometers.sort((a, b) => a.label - b.label)
  const chosen = probe === 'external' && ordered.length > 1 ? ordered[1] : ordered[0]
  return tracks.filter(
    (track) => track.series.meaning && (track === chosen || track.series.meaning !== 'temperature'),
  )
}

function earlier(tracks: Track[], clockSeconds: number, receivedAtMs: number): Sample[] {
  const byAge = new Map<number, Partial<Measurement>>()
  for (const track of tracks) {
    for (const point of track.points) {
      const ageSeconds = clockSeconds - point.timeSeconds
      if (ageSeconds > 0) byAge.set(ageSeconds, { ...byAge.get(ageSeconds), ...valuesOf(track, point) })
    }
  }
  return [...byAge]
    .sort(([a], [b]) => b - a)
    .map(([ageSeconds, values]) => sample(receivedAtMs - ageSeconds * 1000, values))
}

export function wattecoBatch(bytes: Uint8Array, options: DecodeOptions): Decoded {
  const layout = layouts.find(([pattern]) => pattern.test(options.model))?.[1]
  if (!layout) return none(`Batches of ${options.model} are not known`)
  try {
    const { tracks, clockSeconds } = readBatch(bytes, layout)
    const told = spokenFor(tracks, options.probe)
    let values: Partial<Measurement> = {}
    for (const track of told) values = { ...values, ...valuesOf(track, newest(track)) }
    const current = reading(values, 'A batch of other quantities')
    if (options.receivedAtMs === undefined || current.kind !== 'measurement') return current
    const samples = earlier(told, clockSeconds, options.receivedAtMs)
    return samples.length > 0 ? { ...current, samples } : current
  } catch (error) {
    if (error instanceof BadBatch) return failure(error.message)
    throw error
  }
}

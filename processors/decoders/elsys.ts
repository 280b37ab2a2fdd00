// Elsys (ERS, ELT, EMS, ESM, EXT series), any FPort: a chain of items, big endian. The first byte of an item
// holds in bits 5–0 what it is and in bits 7–6 how many bytes (0, 1, 2, 4) of age in seconds follow before
// the value: 0 means now.
//
//   01 temperature int16 1/10 °C   02 humidity %   03 acceleration 3   04 light 2   05 motion 1   06 CO2 2
//   07 battery mV uint16           08 analogue 2   09 position 6       0a pulses 2   0b pulses 4
//   0c external temperature int16 1/10 °C          0d digital input 1  0e distance 2 0f knocks 1
//   10 infrared: own and object temperature, int16 1/10 °C each        11 occupancy 1 12 leak 1
//   13 heat picture 65   14 pressure 4   15 sound 2   16, 17 pulses 2, 4   18 analogue 2
//   19 second external temperature, may repeat     1a digital input 1  1b analogue 4 1c TVOC 2   3d debug 4
//   3e settings: the rest of the frame is configuration
// The digital input of an EMS Door is its reed contact; sources disagree whether 1 is open or closed, so the
// door is told only by a device that is set to one of them.
import { guarded, int16be, uint8, uint16be, uint32be } from './bytes.ts'
import {
  batteryVolts,
  chosenProbe,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  doorBy,
  failure,
  history,
  type Measurement,
  none,
  orNext,
  reading,
  relativeHumidity,
  type Sample,
  sample,
  type Thermometer,
  thermometer,
} from './decoder.ts'

const valueBytes: Record<number, number> = {
  1: 2,
  2: 1,
  3: 3,
  4: 2,
  5: 1,
  6: 2,
  7: 2,
  8: 2,
  9: 6,
  10: 2,
  11: 4,
  12: 2,
  13: 1,
  14: 2,
  15: 1,
  16: 4,
  17: 1,
  18: 1,
  19: 65,
  20: 4,
  21: 2,
  22: 2,
  23: 4,
  24: 2,
  25: 2,
  26: 1,
  27: 4,
  28: 2,
  61: 4,
}
const settings = 0x3e
const ageBytes = [0, 1, 2, 4]
const builtInC = [-50, 125] as const
const externalC = [-200, 850] as const

type Frame = {
  internal: Thermometer | undefined
  infrared: Thermometer | undefined
  external: Thermometer | undefined
  values: Partial<Measurement>
}

function readValue(frame: Frame, type: number, bytes: Uint8Array, at: number, options: DecodeOptions): void {
  switch (type) {
    case 0x01:
      frame.internal = thermometer(int16be(bytes, at) / 10, builtInC)
      break
    case 0x02:
      frame.values.humidity = relativeHumidity(uint8(bytes, at))
      break
    case 0x07:
      frame.values.batteryVolts = batteryVolts(uint16be(bytes, at) / 1000)
      break
    case 0x0c:
    case 0x19:
      frame.external = orNext(frame.external, thermometer(int16be(bytes, at) / 10, externalC))
      break
    case 0x0d:
      frame.values.doorOpen = doorBy(options, uint8(bytes, at))
      break
    case 0x10:
      frame.infrared = thermometer(int16be(bytes, at + 2) / 10, externalC)
      break
  }
}

/** In place: the values are this frame's own, and only its thermometers tell a temperature. */
function valuesOf(frame: Frame, options: DecodeOptions): Partial<Measurement> {
  const external = frame.external ?? frame.infrared
  const chosen = frame.internal ? chosenProbe(options, frame.internal, external) : external
  return Object.assign(frame.values, chosen)
}

/** `earlier`: by age in seconds. Most frames tell of now alone, and need no map. */
type Frames = { now: Frame | undefined; earlier: Map<number, Frame> | undefined }

const emptyFrame = (): Frame => ({
  internal: undefined,
  infrared: undefined,
  external: undefined,
  values: {},
})

function frameOf(frames: Frames, ageSeconds: number): Frame {
  if (ageSeconds === 0) {
    frames.now ??= emptyFrame()
    return frames.now
  }
  frames.earlier ??= new Map()
  const frame = frames.earlier.get(ageSeconds) ?? emptyFrame()
  frames.earlier.set(ageSeconds, frame)
  return frame
}

/** What is wrong, when the chain does not add up. */
function readItems(bytes: Uint8Array, options: DecodeOptions): Frames | string {
  const frames: Frames = { now: undefined, earlier: undefined }
  let at = 0
  while (at < bytes.length) {
    const head = uint8(bytes, at)
    const type = head & 0x3f
    if (type === settings) break
    const length = valueBytes[type]
    if (length === undefined) return `Item type 0x${type.toString(16)} at byte ${at} is unknown.`
    const offset = ageBytes[head >> 6] ?? 0
    const start = at + 1 + offset
    if (start + length > bytes.length) return `The value of item type 0x${type.toString(16)} is cut off.`
    readValue(frameOf(frames, readAge(bytes, at + 1, offset)), type, bytes, start, options)
    at = start + length
  }
  return frames
}

function readAge(bytes: Uint8Array, at: number, length: number): number {
  if (length === 0) return 0
  if (length === 1) return uint8(bytes, at)
  return length === 2 ? uint16be(bytes, at) : uint32be(bytes, at)
}

function elsys(bytes: Uint8Array, _fPort: number, options: DecodeOptions): Decoded {
  const frames = readItems(bytes, options)
  if (typeof frames === 'string') return failure(frames)
  const { now, earlier } = frames
  if (now === undefined && earlier === undefined) return none('Settings')
  const current =
    now === undefined
      ? none('Replayed values: their ages need the receive time')
      : reading(valuesOf(now, options), 'Motion, light or other quantities')
  const samples = earlier === undefined ? [] : replayed(earlier, options)
  if (samples.length === 0) return current
  return current.kind === 'measurement' ? { ...current, samples } : history(samples)
}

function replayed(earlier: Map<number, Frame>, options: DecodeOptions): Sample[] {
  const { receivedAtMs } = options
  if (receivedAtMs === undefined) return []
  return [...earlier]
    .sort(([older], [newer]) => newer - older)
    .map(([ageSeconds, frame]) => sample(receivedAtMs - ageSeconds * 1000, valuesOf(frame, options)))
}

export const elsysDecoder: Decoder = { name: 'elsys', version: 2, decode: guarded(elsys) }

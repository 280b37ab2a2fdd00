// What every payload decoder is: bytes in, one of four answers out. Decoders are pure functions of the bytes,
// the port, the model and (for sensors that send ages instead of instants) the receive time.
//
// A number leaves here only when the payload truly carries it: a value outside the sensor's physical range is
// a broken probe (`temperature: null, probeFault: true`), never a reading.

/** °C, % RH, V, %; null where the frame does not say, or says that it does not know. */
export type Measurement = {
  temperature: number | null
  humidity: number | null
  doorOpen: boolean | null
  batteryVolts: number | null
  batteryPercent: number | null
  doorOpenCount?: number
  lastOpenMinutes?: number
  probeFault?: boolean
}

export type Sample = Measurement & { recordedAtMs: number }

export type Decoded =
  /** `samples`: earlier values that the same frame replays, oldest first, each at its own time. */
  | { kind: 'measurement'; measurement: Measurement; samples?: Sample[] }
  /** Replayed values only. It may tell the battery of now. */
  | { kind: 'history'; samples: Sample[]; batteryVolts?: number; batteryPercent?: number }
  /** A sound frame without a reading: configuration, status, an answer. It may still tell the battery. */
  | { kind: 'none'; reason: string; batteryVolts?: number; batteryPercent?: number }
  | { kind: 'error'; error: string }

export type DecodeOptions = {
  model: string
  /** Which sensor of a device with two is the unit's; without it the device's usual one. */
  probe?: 'internal' | 'external'
  /** For contacts whose sense follows from the mounting: the value that means open. Not set: no door. */
  openIs?: 0 | 1
  /** Needed by sensors that send ages; without it their replayed values are left out, not guessed. */
  receivedAtMs?: number
}

export type Decode = (bytes: Uint8Array, fPort: number, options: DecodeOptions) => Decoded

export type Decoder = { name: string; version: number; decode: Decode }

export type RangeC = readonly [lowest: number, highest: number]

export type Thermometer = { temperature: number | null; probeFault?: true }

// Field by field: a literal is made at once, a spread of parts of any shape is looked up and grown.
function filled(parts: Partial<Measurement>): Measurement {
  const { doorOpenCount, lastOpenMinutes, probeFault } = parts
  const whole: Measurement = {
    temperature: parts.temperature ?? null,
    humidity: parts.humidity ?? null,
    doorOpen: parts.doorOpen ?? null,
    batteryVolts: parts.batteryVolts ?? null,
    batteryPercent: parts.batteryPercent ?? null,
  }
  if (doorOpenCount !== undefined) whole.doorOpenCount = doorOpenCount
  if (lastOpenMinutes !== undefined) whole.lastOpenMinutes = lastOpenMinutes
  if (probeFault !== undefined) whole.probeFault = probeFault
  return whole
}

export function measurement(parts: Partial<Measurement>): { kind: 'measurement'; measurement: Measurement } {
  return { kind: 'measurement', measurement: filled(parts) }
}

export function sample(recordedAtMs: number, parts: Partial<Measurement>): Sample {
  return { ...filled(parts), recordedAtMs }
}

type Battery = Partial<Pick<Measurement, 'batteryVolts' | 'batteryPercent'>>

const told = ({ batteryVolts: volts, batteryPercent: percent }: Battery) => ({
  ...(typeof volts === 'number' && { batteryVolts: volts }),
  ...(typeof percent === 'number' && { batteryPercent: percent }),
})

export function history(samples: Sample[], battery: Battery = {}): Decoded {
  return { kind: 'history', samples, ...told(battery) }
}

export function none(reason: string, battery: Battery = {}): Decoded {
  return { kind: 'none', reason, ...told(battery) }
}

// A thermometer with a fault and a door of unknown sense are readings too; light, motion or a battery alone are
// none.
export function reading(parts: Partial<Measurement>, otherwise: string): Decoded {
  const isReading = 'temperature' in parts || 'humidity' in parts || 'doorOpen' in parts
  return isReading ? measurement(parts) : none(otherwise, parts)
}

export function failure(error: string): Decoded {
  return { kind: 'error', error }
}

export function wrongLength(bytes: Uint8Array, expected: string): Decoded {
  return failure(`The payload has ${bytes.length} bytes; this frame has ${expected}.`)
}

export function unknownPort(fPort: number, expected: string): Decoded {
  return failure(`FPort ${fPort} is not one of this device's; it uses ${expected}.`)
}

export const noProbe: Thermometer = { temperature: null, probeFault: true }

// Beyond the range is how sensors say "no probe" (327.67, 3276.7, 0x8000, NaN): no sentinel list can forget
// one.
export function thermometer(valueC: number, [lowest, highest]: RangeC): Thermometer {
  return valueC >= lowest && valueC <= highest ? { temperature: tidy(valueC) } : noProbe
}

export function relativeHumidity(percent: number): number | null {
  return percent >= 0 && percent <= 100 ? tidy(percent) : null
}

export function batteryVolts(volts: number, highest = 5.5): number | null {
  return volts > 0 && volts <= highest ? tidy(volts) : null
}

export function batteryPercent(percent: number): number | null {
  return percent >= 0 && percent <= 100 ? percent : null
}

// The internal sensor speaks for the unit unless the device is set to its cable probe; a chosen probe that is
// broken is a fault, and never silently replaced by the other one.
export function chosenProbe(
  { probe }: DecodeOptions,
  internal: Thermometer,
  external: Thermometer | undefined,
): Thermometer {
  return probe === 'external' ? (external ?? noProbe) : internal
}

// The first channel that works speaks for a device of equal channels; with none working the device has a
// fault.
export function firstWorking(channels: readonly Thermometer[]): Thermometer {
  return channels.find((channel) => channel.temperature !== null) ?? channels[0] ?? noProbe
}

/** The same, channel by channel as a frame tells them. */
export function orNext(channel: Thermometer | undefined, next: Thermometer): Thermometer {
  return channel === undefined || (channel.temperature === null && next.temperature !== null) ? next : channel
}

/** The door by a contact that does not tell its own sense; null as long as nobody has told it. */
export function doorBy({ openIs }: DecodeOptions, contact: number): boolean | null {
  if (openIs === undefined) return null
  return (contact !== 0) === (openIs === 1)
}

/** Undoes binary noise of a sum of decimals, as in 2 + 0.1 × 3. */
export function rounded(value: number, decimals: number): number {
  return Math.round(value * 10 ** decimals) / 10 ** decimals
}

// −0 is 0 to everybody but Object.is; adding 0 makes it so.
function tidy(value: number): number {
  return value + 0
}

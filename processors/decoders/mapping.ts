// A profile's own reading of `decoded_payload`: which field is what, in which unit, and which contact state is open. It is
// data, so a new device without a decoder of ours needs a profile and no code.
import { type Decoded, type Measurement, none, reading } from './decoder.ts'
import type { FromJson } from './fallback.ts'
import { batteryOf, celsius, isObject, percentHumidity, quantity } from './json-values.ts'

/** Where in the JSON: names with dots between them, places in lists in brackets: `probes[0].value`. */
export type FieldPath = string

export type PayloadMapping = {
  /** A unit in the value itself ("18℃", {unit: "°F"}) wins over this one; not set: °C. */
  temperature?: { path: FieldPath; unit?: 'C' | 'F' }
  humidity?: { path: FieldPath }
  /** The value that means open; every other known state of its kind is closed. */
  door?: { path: FieldPath; open: string | number | boolean }
  battery?: { path: FieldPath; unit: 'V' | 'mV' | '%' }
}

const stepsOf = (path: FieldPath) => path.split(/[.[\]]+/).filter((step) => step !== '')

function at(json: unknown, path: FieldPath): unknown {
  let value = json
  for (const step of stepsOf(path)) {
    if (Array.isArray(value)) value = value[Number(step)]
    else if (isObject(value) && Object.hasOwn(value, step)) value = value[step]
    else return undefined
  }
  return value
}

type Values = Partial<Measurement>
type Read = (json: unknown, mapping: PayloadMapping, warnings: string[]) => Values

const temperature: Read = (json, { temperature: field }, warnings) => {
  const found = field && quantity(at(json, field.path))
  if (!field || !found) return {}
  const unit = found.unit === '' && field.unit === 'F' ? '°F' : found.unit
  return celsius({ ...found, unit }, field.path, warnings)
}

const humidity: Read = (json, { humidity: field }, warnings) => {
  const found = field && quantity(at(json, field.path))
  return field && found ? percentHumidity(found, field.path, warnings) : {}
}

const battery: Read = (json, { battery: field }, warnings) => {
  const found = field && quantity(at(json, field.path))
  if (!field || !found) return {}
  // 92 "V" is a percentage in the wrong field; without a unit `batteryOf` sees that, and says so.
  const isVolts = field.unit === 'V' && found.unit === ''
  return batteryOf(isVolts ? found : { ...found, unit: found.unit || field.unit }, field.path, warnings)
}

const closedOf = new Map<unknown, readonly unknown[]>([
  ['open', ['close', 'closed', 'shut']],
  ['opened', ['close', 'closed', 'shut']],
  ['on', ['off']],
  ['off', ['on']],
  ['high', ['low']],
  ['low', ['high']],
  ['true', ['false']],
  ['false', ['true']],
  ['1', ['0']],
  ['0', ['1']],
])

const plain = (value: unknown) => String(value).trim().toLowerCase()

const door: Read = (json, { door: field }, warnings) => {
  const value = field && at(json, field.path)
  const state = isObject(value) ? value.value : value
  if (!field || state === undefined || state === null) return {}
  if (plain(state) === plain(field.open)) return { doorOpen: true }
  if (closedOf.get(plain(field.open))?.includes(plain(state))) return { doorOpen: false }
  warnings.push(`${field.path} says ${JSON.stringify(state)}, which is neither open nor closed.`)
  return {}
}

export function fromMapping(json: unknown, mapping: PayloadMapping): FromJson {
  const warnings: string[] = []
  const values = [temperature, humidity, door, battery].map((read) => read(json, mapping, warnings))
  const decoded: Decoded = isObject(json)
    ? reading(Object.assign({}, ...values), 'The decoded payload holds no reading')
    : none('The decoded payload holds no reading')
  return { decoded, warnings }
}

// For devices without a decoder of ours: what The Things Stack's own formatters made of the payload. Names,
// units and senses are the vendors', so this reads only what is unmistakable, and says in `warnings` what it
// had to assume or to leave out.
import { type Decoded, type Measurement, measurement, none, type Sample, sample } from './decoder.ts'
import {
  batteryOf,
  celsius,
  highestBatteryVolts,
  isObject,
  type Json,
  percentHumidity,
  type Quantity,
  quantity,
} from './json-values.ts'

export type FromJson = { decoded: Decoded; warnings: string[] }

const nodesMax = 500

// ---- normalized_payload: The Things Stack's own schema, so names and units are fixed: °C, %, V.

const contactStates: Record<string, boolean> = { open: true, closed: false, close: false }

function normalizedValues(entry: Json, warnings: string[]): Partial<Measurement> {
  const [air, action] = [entry.air, entry.action]
  let values: Partial<Measurement> = {}
  if (isObject(air)) {
    const temperature = quantity(air.temperature)
    const humidity = quantity(air.relativeHumidity)
    if (temperature) values = { ...values, ...celsius(temperature, 'air.temperature', warnings) }
    if (humidity) values = { ...values, ...percentHumidity(humidity, 'air.relativeHumidity', warnings) }
  }
  const battery = quantity(entry.battery)
  if (battery) values = { ...values, ...batteryOf(battery, 'battery', warnings) }
  const contact = isObject(action) ? action.contactState : undefined
  const doorOpen = typeof contact === 'string' ? contactStates[contact.toLowerCase()] : undefined
  return doorOpen === undefined ? values : { ...values, doorOpen }
}

const hasValues = (values: Partial<Measurement>) => Object.keys(values).length > 0

const saysMotion = ({ action }: Json) => isObject(action) && ('motion' in action || 'motionState' in action)

/** Upstream normalizers call contact sensors "motion": TBDW100's is one. That is never a door. */
export function callsItMotion(json: unknown): boolean {
  return (Array.isArray(json) ? json : [json]).filter(isObject).slice(0, nodesMax).some(saysMotion)
}

/** Entries with a time of their own are samples; the others are the reading of now, first of a kind first. */
export function fromNormalizedPayload(json: unknown): FromJson {
  const warnings: string[] = []
  const entries = (Array.isArray(json) ? json : [json]).filter(isObject).slice(0, nodesMax)
  let current: Partial<Measurement> = {}
  const samples: Sample[] = []
  for (const entry of entries) {
    const values = normalizedValues(entry, warnings)
    if (!hasValues(values)) continue
    const recordedAtMs = typeof entry.time === 'string' ? Date.parse(entry.time) : Number.NaN
    if (Number.isNaN(recordedAtMs)) current = { ...values, ...current }
    else samples.push(sample(recordedAtMs, values))
  }
  samples.sort((a, b) => a.recordedAtMs - b.recordedAtMs)
  return { decoded: answer(current, samples), warnings }
}

function answer(current: Partial<Measurement>, samples: Sample[]): Decoded {
  if (hasValues(current)) {
    const now = measurement(current)
    return samples.length > 0 ? { ...now, samples } : now
  }
  return samples.length > 0 ? { kind: 'history', samples } : none('The decoded payload holds no reading')
}

// ---- decoded_payload: whatever the vendor's formatter returned.

type Found = { name: string; value: unknown }

const plainKey = (key: string) => key.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

/** All fields by plain name, the shallowest and first winning. Lists are history or channels: left alone. */
function fieldsOf(json: Json): Map<string, Found> {
  const fields = new Map<string, Found>()
  const queue: { prefix: string; value: Json }[] = [{ prefix: '', value: json }]
  for (let index = 0; index < queue.length && fields.size < nodesMax; index++) {
    const node = queue[index]
    if (!node) break
    for (const [key, value] of Object.entries(node.value).slice(0, nodesMax)) {
      const name = node.prefix + key
      if (!fields.has(plainKey(key))) fields.set(plainKey(key), { name, value })
      if (isObject(value) && queue.length < nodesMax) queue.push({ prefix: `${name}.`, value })
    }
  }
  return fields
}

// In order of trust: the sensor in the case, then the first cable.
const temperatureNames = [
  'temperature', 'tempcsht', 'temp', 'airtemperature', 'ambienttemperature', 'sensortemperature', 'tempc',
  'temperaturec', 'temperaturecelsius', 'tempcelsius', 'celsius', 'internaltemperature', 'tempc1', 'temp1',
  'temperature1', 'temperaturechn1', 'tempchannel1', 'tempcds', 'tempctmp117', 'externaltemperature',
  'exttempcsht', 'soiltemperature', 'watertemperature',
] // biome-ignore format: a list of names
const fahrenheitNames = ['temperaturef', 'tempf', 'fahrenheit', 'temperaturefahrenheit']
const humidityNames = [
  'humidity', 'humsht', 'hum', 'humi', 'relativehumidity', 'airhumidity', 'ambienthumidity', 'rh',
  'humidityrelative', 'humidity1',
] // biome-ignore format: a list of names

// Here a bare true or 1 means open. Of `door` and `contact` it does not: vendors disagree, so those need
// words.
const openNames = ['dooropenstatus', 'dooropen', 'isopen', 'open', 'magnetstatus', 'magnet', 'opened']
const wordyNames = [
  'doorstatus',
  'doorstate',
  'door',
  'contactstate',
  'contactstatus',
  'contact',
  'reedstate',
  'reedswitch',
]

const voltNames = [
  'batv',
  'batteryvoltage',
  'batvoltage',
  'batteryv',
  'batteryvolts',
  'vbat',
  'battvolt',
  'volt',
  'voltage',
]
const millivoltNames = ['vdd', 'batmv', 'batterymv', 'batteryvoltagemv', 'vbatmv']
const percentNames = ['batterypercent', 'batterypct', 'batterylevel', 'batterypercentage', 'soc']

function first(
  fields: Map<string, Found>,
  names: readonly string[],
): { name: string; amount: Quantity } | undefined {
  for (const key of names) {
    const found = fields.get(key)
    const amount = found && quantity(found.value)
    if (found && amount) return { name: found.name, amount }
  }
  return undefined
}

const openWords = new Set(['open', 'opened', 'opening', 'isopen', 'dooropen'])
const closedWords = new Set(['close', 'closed', 'closing', 'shut', 'isclosed', 'doorclosed'])

function doorWord(value: unknown): boolean | undefined {
  const inner = isObject(value) ? value.value : value
  if (typeof inner !== 'string') return undefined
  const word = plainKey(inner)
  if (openWords.has(word)) return true
  return closedWords.has(word) ? false : undefined
}

function doorFlag(value: unknown): boolean | undefined {
  const inner = isObject(value) ? value.value : value
  if (inner === true || inner === 1 || inner === '1' || inner === 'true') return true
  return inner === false || inner === 0 || inner === '0' || inner === 'false' ? false : undefined
}

function doorOf(fields: Map<string, Found>, warnings: string[]): Partial<Measurement> {
  for (const key of [...openNames, ...wordyNames]) {
    const found = fields.get(key)
    if (!found) continue
    const doorOpen = doorWord(found.value) ?? (openNames.includes(key) ? doorFlag(found.value) : undefined)
    if (doorOpen !== undefined) return { doorOpen }
    if (doorFlag(found.value) !== undefined)
      warnings.push(`${found.name} does not say which value means open.`)
  }
  return {}
}

function temperatureOf(fields: Map<string, Found>, warnings: string[]): Partial<Measurement> {
  const found = first(fields, temperatureNames)
  if (found) return celsius(found.amount, found.name, warnings)
  const inFahrenheit = first(fields, fahrenheitNames)
  if (!inFahrenheit) return {}
  return celsius({ value: inFahrenheit.amount.value, unit: '°F' }, inFahrenheit.name, warnings)
}

function batteryIn(fields: Map<string, Found>, warnings: string[]): Partial<Measurement> {
  const volts = first(fields, voltNames)
  const millivolts = first(fields, millivoltNames)
  const percent = first(fields, percentNames)
  const either = first(fields, ['battery', 'bat', 'batt'])
  let values: Partial<Measurement> = {}
  if (percent) values = batteryOf({ ...percent.amount, unit: '%' }, percent.name, warnings)
  if (millivolts)
    values = { ...values, ...batteryOf({ ...millivolts.amount, unit: 'mV' }, millivolts.name, warnings) }
  if (volts)
    values = { ...values, ...batteryOf({ unit: 'V', value: volts.amount.value }, volts.name, warnings) }
  if (hasValues(values) || !either) return values
  const { value, unit } = either.amount
  if (unit === '' && Number.isInteger(value) && value > 0 && value <= highestBatteryVolts) {
    warnings.push(`${either.name} ${value} may be volts or % and was left out.`)
    return {}
  }
  return batteryOf(either.amount, either.name, warnings)
}

/** Reads a vendor's decoded payload by the names that are common among them. */
export function fromDecodedPayload(json: unknown): FromJson {
  const warnings: string[] = []
  if (!isObject(json)) return { decoded: none('The decoded payload holds no reading'), warnings }
  const fields = fieldsOf(json)
  const humidity = first(fields, humidityNames)
  const values: Partial<Measurement> = {
    ...temperatureOf(fields, warnings),
    ...(humidity && percentHumidity(humidity.amount, humidity.name, warnings)),
    ...doorOf(fields, warnings),
    ...batteryIn(fields, warnings),
  }
  return { decoded: answer(values, []), warnings }
}

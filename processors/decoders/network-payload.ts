// What the network made of a payload, both ways at once: `normalized_payload` first, for its names and units are fixed, held
// against `decoded_payload`, because the normalizers are known to be wrong: they drop exactly 0 (`if (temperature)`), call
// contact sensors "motion", and put °F where °C belongs or convert what is °C already. Each repair says so.
import { type Decoded, type Measurement, measurement, none, reading } from './decoder.ts'
import { callsItMotion, type FromJson, fromDecodedPayload, fromNormalizedPayload } from './fallback.ts'
import { fromMapping, type PayloadMapping } from './mapping.ts'

export type NetworkPayload = { normalized: unknown; decoded: unknown; mapping?: PayloadMapping | undefined }

type Values = Partial<Measurement>

function valuesOf({ decoded }: FromJson): Values {
  switch (decoded.kind) {
    case 'measurement':
      return decoded.measurement
    case 'history':
    case 'none':
      return batteryOf(decoded)
    case 'error':
      return {}
  }
}

const quantities = [
  ['temperature', '°C'],
  ['humidity', '%'],
  ['batteryVolts', 'V'],
  ['batteryPercent', '%'],
] as const

/** Without a mapping, what `decoded_payload` says is a guess by names: only the zeros that normalizers drop are taken. */
function missing(normalized: Values, decoded: Values, isMapped: boolean, warnings: string[]): Values {
  const found: Values = {}
  for (const [name, unit] of quantities) {
    const value = decoded[name]
    if (typeof value !== 'number' || typeof normalized[name] === 'number') continue
    if (name === 'temperature' && normalized.probeFault) continue
    if (!isMapped && value !== 0) continue
    found[name] = value
    const what = value === 0 ? `drops exactly 0 ${unit}` : `lacks it`
    warnings.push(`${name} ${value} ${unit} is from decoded_payload: normalized_payload ${what}.`)
  }
  return found
}

const isNear = (a: number, b: number) => Math.abs(a - b) <= 0.06

/** Whether the normalized value is the decoded one, taken for the wrong scale. */
function isWrongScale(normalizedC: number, decodedC: number): boolean {
  if (isNear(normalizedC, decodedC)) return false
  return isNear(normalizedC, decodedC * 1.8 + 32) || isNear(normalizedC, (decodedC - 32) / 1.8)
}

function rescaled(normalized: Values, decoded: Values, warnings: string[]): Values {
  const [wrong, right] = [normalized.temperature, decoded.temperature]
  if (typeof wrong !== 'number' || typeof right !== 'number' || !isWrongScale(wrong, right)) return {}
  warnings.push(
    `normalized_payload mixes °C and °F: ${wrong} is taken as the ${right} °C of decoded_payload.`,
  )
  return { temperature: right }
}

function door(payload: NetworkPayload, normalized: Values, decoded: Values, warnings: string[]): Values {
  if (typeof normalized.doorOpen === 'boolean') return {}
  const isMotion = callsItMotion(payload.normalized)
  const { doorOpen } = decoded
  if (typeof doorOpen === 'boolean') {
    warnings.push(
      `The door is from decoded_payload: normalized_payload ${isMotion ? 'calls it motion' : 'lacks it'}.`,
    )
    return { doorOpen }
  }
  if (isMotion && payload.mapping?.door)
    warnings.push('normalized_payload calls the contact motion: no door is told.')
  return {}
}

const hasValue = (values: Values) => Object.keys(values).length > 0

function repaired(payload: NetworkPayload, normalized: FromJson, decoded: FromJson): FromJson {
  const [first, second] = [valuesOf(normalized), valuesOf(decoded)]
  const warnings = [...normalized.warnings]
  const repairs: Values = {
    ...missing(first, second, payload.mapping !== undefined, warnings),
    ...rescaled(first, second, warnings),
    ...door(payload, first, second, warnings),
  }
  if (!hasValue(repairs)) return { decoded: normalized.decoded, warnings }
  return { decoded: withRepairs(normalized.decoded, repairs), warnings }
}

function withRepairs(decoded: Decoded, repairs: Values): Decoded {
  switch (decoded.kind) {
    case 'measurement':
      return { ...decoded, measurement: { ...decoded.measurement, ...repairs } }
    case 'none':
      return reading({ ...batteryOf(decoded), ...repairs }, decoded.reason)
    case 'history':
      return { ...measurement({ ...batteryOf(decoded), ...repairs }), samples: decoded.samples }
    case 'error':
      return decoded
  }
}

const batteryOf = ({ batteryVolts, batteryPercent }: { batteryVolts?: number; batteryPercent?: number }) => ({
  ...(batteryVolts !== undefined && { batteryVolts }),
  ...(batteryPercent !== undefined && { batteryPercent }),
})

/** `undefined` stands for a payload that the network did not send. */
export function fromNetwork(payload: NetworkPayload): FromJson & { source: string } {
  const { normalized, decoded, mapping } = payload
  const read = mapping ? fromMapping(decoded, mapping) : fromDecodedPayload(decoded)
  if (normalized === undefined) {
    if (decoded === undefined)
      return { decoded: none('The network decoded nothing'), warnings: [], source: 'none' }
    return { ...read, source: mapping ? 'profile_mapping' : 'decoded_payload' }
  }
  const first = fromNormalizedPayload(normalized)
  return { ...(decoded === undefined ? first : repaired(payload, first, read)), source: 'normalized_payload' }
}

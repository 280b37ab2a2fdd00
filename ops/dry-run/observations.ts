// The observations of a dry run: JSON lines in log order. Absent is null or false; what cannot be read is told with its
// line and what to write instead.
import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { InputError, instantMs, isObject } from './config.ts'

export type Observation = {
  unitId: string | null
  deviceId: string
  recordedAtMs: number
  /** Null: not known, then the clock is not judged. */
  receivedAtMs: number | null
  temperature: number | null
  humidity: number | null
  doorOpen: boolean | null
  fCnt: number
  sessionKeyId: string | null
  simulated: boolean
  history: boolean
}

const PROBLEMS_MAX = 20

/** Ends with an InputError that lists the bad lines, the first ones of many. */
export async function* readObservations(path: string): AsyncGenerator<Observation> {
  const problems: string[] = []
  let lineNumber = 0
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    lineNumber++
    if (line.trim() === '') continue
    try {
      const observation = parseLine(line)
      if (problems.length === 0) yield observation
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      problems.push(`${path}:${lineNumber}: ${error.message}`)
      if (problems.length === PROBLEMS_MAX) problems.push('… (more lines were not read)')
      if (problems.length > PROBLEMS_MAX) break
    }
  }
  if (problems.length > 0) throw new InputError(problems.join('\n'))
}

/** Some writers say NaN where JSON has no word for it: a sensor's fault, and so null. */
const notNumbers = /(:\s*)(?:NaN|-?Infinity)(?=\s*[,}])/g

function parseJson(line: string): unknown {
  try {
    return JSON.parse(
      line.includes('NaN') || line.includes('Infinity') ? line.replace(notNumbers, '$1null') : line,
    )
  } catch (error) {
    throw new InputError(`not JSON (${(error as Error).message}). Write one JSON object a line.`)
  }
}

export function parseLine(line: string): Observation {
  const json = parseJson(line)
  if (!isObject(json)) throw new InputError('not an object. Write one JSON object a line.')
  const recordedAtMs = instantMs(json.recordedAt)
  if (recordedAtMs === null)
    throw new InputError(`recordedAt is ${shown(json.recordedAt)}. Write UTC milliseconds or an ISO instant.`)
  if (typeof json.deviceId !== 'string' || json.deviceId === '')
    throw new InputError(`deviceId is ${shown(json.deviceId)}. Write the device's id as a string.`)
  const sessionKeyId = optional(json, 'sessionKeyId', 'string') || null
  return {
    unitId: optional(json, 'unitId', 'string'),
    deviceId: json.deviceId,
    recordedAtMs,
    receivedAtMs: receivedMs(json.receivedAt ?? null),
    temperature: temperatureOf(optional(json, 'temperature', 'number')),
    humidity: optional(json, 'humidity', 'number'),
    doorOpen: optional(json, 'doorOpen', 'boolean'),
    fCnt: optional(json, 'fCnt', 'number') ?? 0,
    sessionKeyId,
    simulated: optional(json, 'simulated', 'boolean') ?? false,
    history: optional(json, 'history', 'boolean') ?? false,
  }
}

/** What 0x7FFF reads as in 1, 1/10 and 1/100 °C: a sensor's way to say that it has no probe. */
const noProbe: readonly (number | null)[] = [32767, 3276.7, 327.67]

const temperatureOf = (valueC: number | null): number | null => (noProbe.includes(valueC) ? null : valueC)

function receivedMs(value: unknown): number | null {
  if (value === null) return null
  const ms = instantMs(value)
  if (ms === null)
    throw new InputError(`receivedAt is ${shown(value)}. Write UTC milliseconds or an ISO instant.`)
  return ms
}

type Types = { string: string; number: number; boolean: boolean }

function optional<T extends keyof Types>(
  json: Record<string, unknown>,
  name: string,
  type: T,
): Types[T] | null {
  const value = json[name] ?? null
  if (value === null || typeof value === type) return value as Types[T] | null
  throw new InputError(`${name} is ${shown(value)}. Write a ${type}, or leave it out.`)
}

const shown = (value: unknown): string => (value === undefined ? 'missing' : JSON.stringify(value))

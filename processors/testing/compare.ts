/** Two sets of dry-run outputs held against each other: by the names in outputs.md, in any order, numbers within a hair. */
import { compareStrings } from './model-series.ts'
import type { Output, Topic, Value } from './model-types.ts'

/** The table of outputs.md. What else an implementation adds is not compared. */
export const fieldsOf: Record<Topic, string[]> = {
  excursions: [
    ...['startedAt', 'confirmedAt', 'criticalAt', 'endedAt', 'direction', 'peak', 'min', 'max', 'count'],
    ...['durationSeconds', 'knownSeconds', 'hasUnknown', 'degreeMinutes'],
  ],
  'door-events': ['recordedAt', 'doorOpen', 'durationSeconds'],
  'door-openings': ['openedAt', 'closedAt', 'durationSeconds', 'warningAt', 'criticalAt'],
  silences: [
    ...['startedAt', 'detectedAt', 'endedAt', 'warningAt', 'criticalAt'],
    ...['durationSeconds', 'missedCheckins'],
  ],
  'unit-status': ['at', 'status'],
  alerts: ['alertType', 'causeStartedAt', 'triggeredAt', 'resolvedAt'],
  rollups: [
    ...['granularity', 'start', 'end', 'count', 'min', 'max', 'sum', 'sumSquares', 'mean', 'knownSeconds'],
    ...['weightedSum', 'timeWeightedMean', 'mktNumerator', 'mktDenominator', 'mkt', 'secondsAbove'],
    ...['secondsBelow', 'degreeMinutesAbove', 'degreeMinutesBelow', 'readingsOutOfRange', 'coverage'],
    ...['doorOpenings', 'doorOpenSeconds', 'humidityCount', 'humiditySum', 'humidityMin', 'humidityMax'],
    'humidityMean',
  ],
  quarantine: ['unitId', 'deviceId', 'recordedAt', 'reason', 'temperature', 'humidity', 'doorOpen'],
}

/** Looser than the order of a floating-point sum can matter, and far tighter than any wrong reading of a rule. */
const RELATIVE = 1e-9

type AnyOutput = { topic: string; key: string; value: Record<string, unknown> }

function isTopic(topic: string): topic is Topic {
  return topic in fieldsOf
}

/** Instants and words only, so that a number that is off by a hair cannot change the order. */
function sortKey({ topic, key, value }: Output): string {
  return JSON.stringify([topic, key, ...Object.values(value).filter((field) => typeof field !== 'number')])
}

/** The named fields in the order of the table, the lines sorted. A missing field stays undefined and so is a difference. */
export function canonical(outputs: AnyOutput[]): Output[] {
  return outputs
    .map(({ topic, key, value }): Output => {
      if (!isTopic(topic))
        throw new Error(`Topic ${topic} is not in outputs.md; leave it out of the comparison`)
      const fields = fieldsOf[topic].map((name) => [name, value[name] as Value])
      return { topic, key, value: Object.fromEntries(fields) }
    })
    .map((output) => ({ output, sort: sortKey(output) }))
    .sort((a, b) => compareStrings(a.sort, b.sort))
    .map(({ output }) => output)
}

/** A sum of temperatures may cancel out to almost nothing; mktNumerator is tiny by nature and cannot. */
function isSame(name: string, a: Value | undefined, b: Value | undefined): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return a === b
  const least = name === 'mktNumerator' ? 0 : 1
  return Math.abs(a - b) <= RELATIVE * Math.max(least, Math.abs(a), Math.abs(b))
}

function describe({ topic, key, value }: Output, names: string[]): string {
  const identity = Object.entries(value).slice(0, 2)
  const told = names.map((name) => [name, value[name]])
  return `${topic} ${key} ${JSON.stringify(Object.fromEntries([...identity, ...told]))}`
}

/** One line a difference, `-` for what was expected and `+` for what came; empty when the two agree. */
export function differences(expected: AnyOutput[], actual: AnyOutput[]): string[] {
  const [left, right] = [canonical(expected), canonical(actual)]
  const unmatched = [...right]
  const missing: string[] = []
  for (const output of left) {
    const names = fieldsOf[output.topic]
    const found = unmatched.findIndex(
      (other) =>
        other.topic === output.topic &&
        other.key === output.key &&
        names.every((name) => isSame(name, output.value[name], other.value[name])),
    )
    if (found >= 0) unmatched.splice(found, 1)
    else missing.push(`- ${describe(output, names)}`)
  }
  return [...missing, ...unmatched.map((output) => `+ ${describe(output, fieldsOf[output.topic])}`)]
}

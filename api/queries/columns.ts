// The columns that answer given fields of the two tables that are asked for in thousands of rows. A field that is not named
// here is answered by the column of its name.
import type { Source } from './connections.ts'

const needs: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  sensor_readings: {
    id: ['unitId', 'recordedAt', 'deviceId', 'simulated'],
    temperature: ['temperatureC'],
  },
  rollups: {
    unitCount: [],
    localStart: ['start'],
    min: ['minC'],
    max: ['maxC'],
    mean: ['count', 'sum'],
    timeWeightedMean: ['knownSeconds', 'weightedSum'],
    mkt: ['mktNumerator', 'mktDenominator'],
    coverage: ['start', 'end', 'asOf', 'knownSeconds'],
    degreeMinutesAbove: ['degreeMinutesAboveC'],
    degreeMinutesBelow: ['degreeMinutesBelowC'],
    humidityMean: ['humidityCount', 'humiditySum'],
  },
}

/** What a cursor is made of. */
const ofCursor: Readonly<Record<string, readonly string[]>> = {
  sensor_readings: ['recordedAt', 'deviceId', 'simulated'],
  rollups: ['start'],
}

/** All of them where it cannot be told, or for another table. */
export function columnsFor({ table, columns }: Source, fields: ReadonlySet<string> | undefined): string {
  const known = needs[table]
  if (fields === undefined || known === undefined) return columns
  const wanted = new Set(ofCursor[table])
  for (const field of fields) for (const property of known[field] ?? [field]) wanted.add(property)
  return columns
    .split(',')
    .map((column) => column.trim())
    .filter((column) => wanted.has(propertyOf(column)))
    .join(', ')
}

/** `unit_id as "unitId"` is answered as unitId, `fault` as itself. */
const propertyOf = (column: string): string => /(?:as "?)?(\w+)"?$/.exec(column)?.[1] ?? column

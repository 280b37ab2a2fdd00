// The columns that answer given fields of the two tables that are asked for in thousands of rows, and those rows as columns:
// a message, an object and a Date for each of 36,500 would cost more than all the rest. A field that is not named here is
// answered by the column of its name.
import type { Fields } from '../asked-fields.ts'
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
    coverage: ['start', 'end', 'asOf', 'knownSeconds', 'elapsedSeconds'],
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
export function columnsFor({ table, columns }: Pick<Source, 'table' | 'columns'>, fields: Fields): string {
  const wanted = propertiesFor(table, fields)
  if (wanted === undefined) return columns
  return listed(columns)
    .filter((column) => wanted.has(propertyOf(column)))
    .join(', ')
}

/** Undefined: all. */
export function propertiesFor(table: string, fields: Fields): ReadonlySet<string> | undefined {
  const known = needs[table]
  if (fields === undefined || known === undefined) return undefined
  const wanted = new Set(ofCursor[table])
  for (const field of fields) for (const property of known[field] ?? [field]) wanted.add(property)
  return wanted
}

const listed = (columns: string): string[] => columns.split(',').map((column) => column.trim())

/** `unit_id as "unitId"` is answered as unitId, `fault` as itself. */
const propertyOf = (column: string): string => /(?:as "?)?(\w+)"?$/.exec(column)?.[1] ?? column

const instants: readonly string[] = ['recordedAt', 'receivedAt', 'start', 'end', 'asOf']

export const hasColumns = ({ table }: Pick<Source, 'table'>): boolean => table in needs

type Columnar = { parentId: string } & Record<string, unknown[] | null | string>

/** `rows` selects `columns` of each that is `asked`, in order: they come as one array a column. */
export const asColumns = (columns: string, rows: string, asked = 'unnest($1::uuid[]) asked (id)'): string =>
  `select asked.id as "parentId", p.* from ${asked} cross join lateral (
     select ${listed(columns)
       .map(propertyOf)
       .map((name) => `json_agg(${instants.includes(name) ? milliseconds(name) : `"${name}"`}) as "${name}"`)
       .join(', ')} from (${rows}) r
   ) p`

const milliseconds = (name: string) => `(date_part('epoch', "${name}") * 1000)::bigint`

/** The rows of such columns. */
export function asRows<R>(columnar: readonly Columnar[]): R[] {
  const rows: object[] = []
  for (const { parentId, ...columns } of columnar) {
    const named = Object.entries(columns as Record<string, unknown[] | null>).map(
      ([name, values]) => [name, values ?? [], instants.includes(name)] as const,
    )
    const count = named[0]?.[1].length ?? 0
    for (let i = 0; i < count; i++) {
      const row: Record<string, unknown> = { parentId }
      for (const [name, values, isInstant] of named)
        row[name] = isInstant ? new Date(values[i] as number) : values[i]
      rows.push(row)
    }
  }
  return rows as R[]
}

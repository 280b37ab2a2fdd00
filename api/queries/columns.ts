// The columns that answer given fields of the two tables that are asked for in thousands of rows, and those rows as columns:
// a message, an object and a Date for each of 36,500 would cost more than all the rest. A field that is not named here is
// answered by the column of its name.
import type { Fields } from '../asked-fields.ts'
import type { Source } from './connections.ts'
import { instantsOf, numbersOf, type Packed, packedInstants, packedNumbers, type Values } from './packed.ts'

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

export const hasColumns = ({ table }: Pick<Source, 'table'>): boolean => table in needs

const instants: readonly string[] = ['recordedAt', 'receivedAt', 'start', 'end', 'asOf']
/** What is no number; they come as a JSON array. */
const others: readonly string[] = [
  ...['unitId', 'deviceId', 'granularity', 'gatewayId'],
  ...['isFinal', 'doorOpen', 'fault', 'history', 'simulated'],
]

/** The rows of one parent: of each property all values. */
export type Columns = { parentId: string } & Record<string, Packed | unknown[]>

/** `rows` selects `columns` of each that is `asked`, in order: they come as one value a column. */
export const asColumns = (columns: string, rows: string, asked = 'unnest($1::uuid[]) asked (id)'): string =>
  `select asked.id as "parentId", p.* from ${asked} cross join lateral (
     select ${listed(columns)
       .map(propertyOf)
       .map((name) => `${together(name)} as "${name}"`)
       .join(', ')} from (${rows}) r
   ) p`

function together(name: string): string {
  if (others.includes(name)) return `json_agg("${name}")`
  return instants.includes(name) ? packedInstants(`"${name}"`) : packedNumbers(`"${name}"`)
}

function valuesOf(name: string, column: Packed | unknown[]): Values<unknown> {
  if (others.includes(name)) return (column as unknown[] | null) ?? []
  return instants.includes(name) ? instantsOf(column as Packed) : numbersOf(column as Packed)
}

export type Rows = {
  length: number
  /** Put into `row`, for whoever needs one only until the next. */
  at(place: number, row?: Record<string, unknown>): Record<string, unknown>
}

export function rowsOf({ parentId, ...columns }: Columns): Rows {
  const properties = Object.entries(columns).map(([name, column]) => ({
    ...{ name, values: valuesOf(name, column), areInstants: instants.includes(name) },
  }))
  return {
    length: properties[0]?.values.length ?? 0,
    at: (place, row = { parentId }) => {
      for (const { name, values, areInstants } of properties)
        row[name] = areInstants ? new Date(values.at(place) as number) : values.at(place)
      return row
    },
  }
}

/** The rows of such columns. */
export function asRows<R>(columnar: readonly Columns[]): R[] {
  return columnar.flatMap((columns) => {
    const rows = rowsOf(columns)
    return Array.from({ length: rows.length }, (_, place) => rows.at(place))
  }) as R[]
}

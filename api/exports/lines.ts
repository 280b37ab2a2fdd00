// The lines of an export, page by page: however long the range, only a page is in memory, and the next one is read when
// the reader has taken this one.
import { stringify } from 'csv-stringify/sync'
import type { Query } from '../database.ts'
import type { CursorKey, RangeArgs } from '../page.ts'
import { type ConnectionName, furtherCondition, pageOfUnits, sources } from '../queries/connections.ts'
import type { TemperatureUnit } from '../temperature.ts'
import {
  type ExportedUnit,
  type Line,
  type ReadingRow,
  type RollupRow,
  readingLine,
  rollupLine,
} from './columns.ts'

export type Format = 'csv' | 'ndjson'
export type ExportName = Extract<ConnectionName, 'readings' | 'rollups'>

export type ExportRequest = Required<RangeArgs> & {
  name: ExportName
  format: Format
  degrees: TemperatureUnit
  granularity?: string
  includeSimulated?: boolean
}

const PAGE_ROWS = 5_000

const lineOf = { readings: readingLine, rollups: rollupLine } satisfies Record<ExportName, unknown>

/** Text in chunks of a page; for CSV the first one begins with the header, also where there is no row at all. */
export async function* exportedText(
  query: Query,
  units: readonly ExportedUnit[],
  request: ExportRequest,
): AsyncGenerator<string> {
  const toText = request.format === 'csv' ? csvText(headerOf(request)) : ndjsonText
  if (request.format === 'csv') yield toText([], true)
  for (const unit of units)
    for await (const lines of pagesOf(query, unit, request)) if (lines.length > 0) yield toText(lines, false)
}

async function* pagesOf(query: Query, unit: ExportedUnit, request: ExportRequest): AsyncGenerator<Line[]> {
  const { name, from, to, degrees } = request
  const and = furtherCondition(name, request)
  const keyOf = sources[name].keyOf as (row: unknown) => CursorKey
  let key: CursorKey | undefined
  do {
    const page = { limit: PAGE_ROWS, backward: false, key }
    const asked = { unitIds: [unit.id], page, from: from ?? null, to: to ?? null, ...(and ? { and } : {}) }
    const rows = await pageOfUnits<ReadingRow & RollupRow>(query, name, asked)
    const shown = rows.slice(0, PAGE_ROWS)
    yield shown.map((row) => lineOf[name](unit, row, degrees))
    key = rows.length > PAGE_ROWS ? keyOf(shown.at(-1)) : undefined
  } while (key !== undefined)
}

/** A line of nobody has every column: the header does not hang on the first row. */
function headerOf({ name, degrees }: ExportRequest): string[] {
  const nobody = { id: '', name: '', siteName: '' }
  const at = new Date(0)
  const dates = { recordedAt: at, receivedAt: at, start: at, end: at, asOf: at, granularity: '' }
  return Object.keys(lineOf[name](nobody, dates as ReadingRow & RollupRow, degrees))
}

/** Spreadsheets run a cell that begins with =, + or @: such names get an apostrophe before them. */
const csvText = (columns: string[]) => (lines: readonly Line[], header: boolean) =>
  stringify([...lines], {
    columns,
    header,
    escape_formulas: true,
    record_delimiter: '\r\n',
    // A negative number is none of them.
    cast: { boolean: String, number: (value) => ({ value: String(value), escape_formulas: false }) },
  })

const ndjsonText = (lines: readonly Line[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join('')

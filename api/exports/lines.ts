// The lines of an export, page by page: however long the range, only a page is in memory, and the next one is read when
// the reader has taken this one.
import { stringify } from 'csv-stringify/sync'
import type { Query } from '../database.ts'
import type { CursorKey } from '../page.ts'
import { sources } from '../queries/connections.ts'
import { type FurtherArgs, pageOfUnits } from '../queries/pages.ts'
import type { TemperatureUnit } from '../temperature.ts'
import { type Line, lineOf, type Row } from './columns.ts'

export type Format = 'csv' | 'ndjson'
export type ExportName = keyof typeof lineOf

/** The place of a unit, by the names that people know. */
export type ExportedUnit = { id: string; name: string; siteName: string }

export type ExportRequest = FurtherArgs & {
  name: ExportName
  from: Date
  to: Date
  format: Format
  degrees: TemperatureUnit
  /** Whether a line names site and unit; without them it says the same whatever these are called later. */
  places: boolean
}

const PAGE_ROWS = 5_000

/** Text in chunks of a page; for CSV the first one is the header, also where there is no row at all. */
export async function* exportedText(
  query: Query,
  units: readonly ExportedUnit[],
  request: ExportRequest,
): AsyncGenerator<string> {
  const toText = request.format === 'csv' ? csvText(headerOf(request)) : ndjsonText
  if (request.format === 'csv') yield toText([], true)
  for (const unit of units)
    for await (const rows of pagesOf(query, unit.id, request))
      if (rows.length > 0) yield toText(rows.map(liner(unit, request)), false)
}

/** Rows of one unit, in the order of their time. */
export async function* pagesOf(
  query: Query,
  unitId: string,
  request: Pick<ExportRequest, 'name' | 'from' | 'to' | keyof FurtherArgs>,
): AsyncGenerator<Row[]> {
  const { name } = request
  const keyOf = sources[name].keyOf as (row: unknown) => CursorKey
  let key: CursorKey | undefined
  do {
    const page = { limit: PAGE_ROWS, backward: false, key }
    const rows = await pageOfUnits<Row>(query, name, { ...request, unitIds: [unitId], page })
    const shown = rows.slice(0, PAGE_ROWS)
    yield shown
    key = rows.length > PAGE_ROWS ? keyOf(shown.at(-1)) : undefined
  } while (key !== undefined)
}

const liner = (unit: ExportedUnit, { name, degrees, places }: ExportRequest) => {
  const place = { ...(places ? { site: unit.siteName, unit: unit.name } : {}), unit_id: unit.id }
  return (row: Row): Line => ({ ...place, ...lineOf[name](row, degrees) })
}

/** A line of nobody has every column: the header does not hang on the first row. */
function headerOf(request: ExportRequest): string[] {
  const epoch = new Date(0)
  const nothing = { start: epoch, end: epoch, asOf: epoch }
  return Object.keys(liner({ id: '', name: '', siteName: '' }, request)(nothing))
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

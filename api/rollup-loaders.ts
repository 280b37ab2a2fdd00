// `rollups` of a unit, a site, an organization and of one type of their units: which statement answers it, and what a
// window without figures says.
import { connectionOfColumns } from './column-connection.ts'
import type { Query } from './database.ts'
import { refusal } from './errors.ts'
import { checkZone } from './local-time.ts'
import { type Connection, checkRange, connectionOf, type Page, type PageArgs, pageOf } from './page.ts'
import { sources } from './queries/connections.ts'
import { columnsOfUnits, granularityOf, pageOfUnits } from './queries/pages.ts'
import { type Parent, type TotalOf, type TotalRequest, totalsOf } from './queries/rollup-totals.ts'
import { type Window, type WindowKey, windowsOf } from './queries/rollup-windows.ts'
import type { Asking } from './written-nodes.ts'

export type RollupArgs = PageArgs & {
  granularity: string
  from?: Date | null
  to?: Date | null
  gaps?: 'OMIT' | 'NULLS'
  timeZone?: string | null
}

/** `zone`: by whose clock its windows are cut. */
export type RollupParent = Parent & { zone: string }

type Row = { parentId: string; parentType?: string | null; start: Date; localMs: number }
type Rows = (page: Page, range: { from: Date | null; to: Date | null }) => Promise<Row[]>
type Answer = (parent: Parent, asking?: Asking) => Connection<Row> | Connection<Record<string, unknown>>

/** A unit's own rollups, as they are stored. */
export function rollupsOfUnits(
  query: Query,
  parents: readonly RollupParent[],
  args: RollupArgs,
  fields?: ReadonlySet<string>,
): Promise<Answer> {
  if (args.timeZone != null) return rollupsOfMany(query, { kind: 'unit' }, parents, args, fields)
  if (args.gaps !== 'NULLS') return storedOfUnits(query, parents, args, fields)
  const granularity = granularityOf(args.granularity)
  const unitIds = parents.map(({ id }) => id)
  const stored: Rows = (page, range) =>
    pageOfUnits<Row>(query, 'rollups', { unitIds, page, granularity, fields, ...range })
  return answered(query, parents, args, 'start', stored)
}

async function storedOfUnits(
  query: Query,
  parents: readonly RollupParent[],
  args: RollupArgs,
  fields?: ReadonlySet<string>,
): Promise<Answer> {
  const page = pageOf('rollups', args)
  checkRange('rollups', args)
  const { granularity, from = null, to = null } = args
  const ids = parents.map(({ id }) => id)
  const columns = await columnsOfUnits(query, 'rollups', ids, { page, granularity, fields, from, to })
  const byUnit = new Map(columns.map((ofUnit) => [ofUnit.parentId, ofUnit]))
  const { keyOf } = sources.rollups
  return ({ id }, asking) =>
    connectionOfColumns('rollups', page, byUnit.get(id) ?? { parentId: id }, keyOf, asking)
}

export function rollupsOfMany(
  query: Query,
  of: TotalOf,
  parents: readonly RollupParent[],
  args: RollupArgs,
  fields?: ReadonlySet<string>,
): Promise<Answer> {
  const timeZone = args.timeZone ?? null
  if (timeZone !== null) checkZone(timeZone)
  const granularity = granularityOf(args.granularity)
  const zoned = timeZone === null ? parents : parents.map((parent) => ({ ...parent, zone: timeZone }))
  const summed: Rows = (page, range) => {
    if (range.from === null || range.to === null) throw needsRange('A time zone of your own')
    const request: TotalRequest = { granularity, page, timeZone, fields, from: range.from, to: range.to }
    return totalsOf(query, of, parents, request)
  }
  return answered(query, zoned, args, 'localMs', summed)
}

const needsRange = (what: string) => refusal('BAD_RANGE', `${what} needs both \`from\` and \`to\`.`)

async function answered(
  query: Query,
  parents: readonly RollupParent[],
  args: RollupArgs,
  key: WindowKey,
  rowsOf: Rows,
): Promise<Answer> {
  const page = pageOf('rollups', args)
  checkRange('rollups', args)
  const { from = null, to = null } = args
  const rows =
    args.gaps === 'NULLS'
      ? await filled(query, parents, { ...args, page, key, rowsOf })
      : await rowsOf(page, { from, to })
  const byParent = Map.groupBy(rows, (row) => nameOf(row.parentId, row.parentType ?? null))
  const keyOf = (row: Row) => [key === 'start' ? row.start.getTime() : row.localMs] as const
  return ({ id, type }) => connectionOf('rollups', page, byParent.get(nameOf(id, type)) ?? [], keyOf)
}

const nameOf = (id: string, type: string | null) => (type === null ? id : `${id} ${type}`)

type Filling = RollupArgs & { page: Page; key: WindowKey; rowsOf: Rows }

/** Every window of the page, with its figures where there are some. */
async function filled(
  query: Query,
  parents: readonly RollupParent[],
  { granularity, from, to, timeZone, page, key, rowsOf }: Filling,
): Promise<Row[]> {
  if (from == null || to == null) throw needsRange('`gaps: NULLS`')
  const zones = [...new Set(parents.map(({ zone }) => zone))]
  const range = { granularity: granularityOf(granularity), from, to }
  const windows = await windowsOf(query, zones, range, page, key)
  if (windows.length === 0) return []
  const starts = windows.map(({ start }) => start.getTime())
  // Sites of one organization have their days by clocks of their own, at most 15 hours from its own.
  const slackMs = key === 'localMs' && timeZone == null && granularity !== 'HOUR' ? 15 * 3_600_000 : 0
  const span = {
    from: new Date(Math.min(...starts) - slackMs),
    to: new Date(Math.max(...starts) + slackMs + 1),
  }
  // As many as there are windows, or a day more on both sides: none of these rows is beyond the page.
  const rows = await rowsOf({ limit: windows.length + 2, backward: false, key: undefined }, span)
  const known = new Map(rows.map((row) => [windowName(row.parentId, row.parentType ?? null, row[key]), row]))
  const byZone = Map.groupBy(windows, ({ zone }) => zone)
  return parents.flatMap(({ id, type, zone }) =>
    (byZone.get(zone) ?? []).map(
      (window) => known.get(windowName(id, type, window[key])) ?? emptyOf(id, type, granularity, window),
    ),
  )
}

const windowName = (id: string, type: string | null, at: Date | number) => `${nameOf(id, type)} ${Number(at)}`

const nothing = {
  ...{ count: 0, sum: 0, sumSquares: 0, knownSeconds: 0, weightedSum: 0, mktNumerator: 0, mktDenominator: 0 },
  ...{
    secondsAbove: 0,
    secondsBelow: 0,
    degreeMinutesAboveC: 0,
    degreeMinutesBelowC: 0,
    readingsOutOfRange: 0,
  },
  ...{
    doorOpenings: 0,
    doorOpenSeconds: 0,
    humidityCount: 0,
    humiditySum: 0,
    unitCount: 0,
    elapsedSeconds: 0,
  },
  ...{ minC: null, maxC: null, humidityMin: null, humidityMax: null, isFinal: false, revision: 0 },
}

const emptyOf = (parentId: string, parentType: string | null, granularity: string, window: Window): Row =>
  ({ ...nothing, parentId, parentType, granularity, ...window, asOf: window.start }) as Row

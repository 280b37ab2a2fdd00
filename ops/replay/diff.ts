// `coldstream replay diff`: what a replay would change, with counts for each table and the first rows of each kind.
import type { Postgres, Sql } from '../../infra/postgres.ts'
import {
  type Compared,
  comparedTables,
  differences,
  type Kind,
  parametersOf,
  unitsMovedOn,
} from './comparison.ts'
import { type Episode, pairMoved } from './moved.ts'
import { type ReadingChanges, readingChanges } from './readings.ts'
import type { Replay } from './replays.ts'

export type Json = Record<string, unknown>

export type Difference = {
  kind: Exclude<Kind, 'open'> | 'moved'
  before: Json | null
  after: Json | null
  /** Of what is in both: the columns whose content differs. */
  fields: string[]
}

export type TableDiff = {
  table: string
  added: number
  removed: number
  /** The same row, with other content. */
  changed: number
  /** Episodes of another start that stand for a removed one; counted neither as added nor as removed. */
  moved: number
  /** They may still change, so they are left alone. */
  open: number
  first: Difference[]
}

export type ReplayDiff = {
  tables: TableDiff[]
  /** Those of `sensor_readings` once more, by decoder. */
  readings: ReadingChanges[]
  unitsMovedOn: string[]
}

/** So many differences of an episode table are looked through for moved ones. */
const PAIRED_MAX = 20_000

type Found = { kind: Kind; before: Json | null; after: Json | null }

/** All of one moment. Tables without any difference are left out. */
export async function diffReplay(db: Postgres, replay: Replay, limit: number): Promise<ReplayDiff> {
  return db.transaction(
    async (sql) => {
      const movedOn = await unitsMovedOn(sql, replay)
      const tables: TableDiff[] = []
      let readings: ReadingChanges[] = []
      for (const compared of await comparedTables(sql, replay)) {
        const told = await diffTable(sql, compared, replay, movedOn, limit)
        if (isDifferent(told)) tables.push(told)
        if (isDifferent(told) && compared.table === 'sensor_readings')
          readings = await readingChanges(sql, compared, replay, movedOn)
      }
      return { tables, readings, unitsMovedOn: movedOn }
    },
    { readOnly: true, isSnapshot: true, statementTimeoutMs: 0, settings: { timezone: 'UTC' } },
  )
}

const isDifferent = ({ added, removed, changed, moved, open }: TableDiff) =>
  added + removed + changed + moved + open > 0

/** A reading of another decoder version and the same values is the least news. */
const isMinor = `(before - '{decoder,decoder_version}'::text[]) is not distinct from (after - '{decoder,decoder_version}'::text[])`

async function diffTable(
  sql: Sql,
  compared: Compared,
  replay: Replay,
  movedOn: readonly string[],
  limit: number,
): Promise<TableDiff> {
  const query = differences(compared, replay.schema)
  const values = parametersOf(replay, movedOn)
  const { rows: counts } = await sql.query<{ kind: Kind; count: number }>(
    `select kind, count(*) as count from (${query}) d group by kind`,
    values,
  )
  const countOf = (kind: Kind) => counts.find((row) => row.kind === kind)?.count ?? 0
  const most = compared.episode === null ? limit : Math.max(limit, PAIRED_MAX)
  const { rows } = await sql.query<Found>(
    `select kind, before, after from (
       select *, row_number() over (partition by kind order by ${isMinor}, at, ${compared.key.join(', ')}) as place
       from (${query}) d where kind <> 'open') n
     where place <= ${most} order by ${isMinor}, at, ${compared.key.join(', ')}`,
    values,
  )
  const found = rows.map((row) => differenceOf(row, compared))
  const paired = compared.episode === null ? found : pairMoved(found, compared.episode as Episode)
  const moved = paired.filter(({ kind }) => kind === 'moved').length
  return {
    table: compared.table,
    added: countOf('added') - moved,
    removed: countOf('removed') - moved,
    changed: countOf('changed'),
    moved,
    open: countOf('open'),
    first: paired.slice(0, limit),
  }
}

function differenceOf({ kind, before, after }: Found, { ignored }: Compared): Difference {
  return { kind: kind as Difference['kind'], before, after, fields: fieldsOf(before, after, ignored) }
}

export function fieldsOf(before: Json | null, after: Json | null, ignored: readonly string[]): string[] {
  if (before === null || after === null) return []
  return Object.keys(after).filter(
    (name) => !ignored.includes(name) && JSON.stringify(after[name]) !== JSON.stringify(before[name]),
  )
}

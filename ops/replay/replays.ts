// What is known of each replay: its name, what it covers, how far it is. A replay owns a prefix of topics and a schema.
import type { Postgres, Sql } from '../../infra/postgres.ts'

export type ReplayState = 'copying' | 'running' | 'ready' | 'promoted'

export type Replay = {
  name: string
  /** Its topics, groups and transactional ids start with it. */
  prefix: string
  /** Where its tables are. */
  schema: string
  from: Date
  to: Date
  /** Null: all units. */
  units: string[] | null
  state: ReplayState
  createdAt: Date
  /** When the ends of the log were taken. */
  cutAt: Date
  /** What ended before it can no longer change by what comes inside grace: behind the cut, and behind the newest uplink. */
  settledTo: Date
  /** The newest `receivedAt` that was copied: what came later is not in the replay. */
  receivedTo: Date | null
  uplinks: number
  seconds: number | null
  deadLetters: number | null
  promotedAt: Date | null
}

const columns = `name, prefix, schema_name as schema, span_from as "from", span_to as "to", units, state,
  created_at as "createdAt", cut_at as "cutAt", settled_to as "settledTo", received_to as "receivedTo", uplinks, seconds,
  dead_letters as "deadLetters", promoted_at as "promotedAt"`

/** Letters, digits and dashes: it becomes part of names in Kafka and Postgres. */
export const isReplayName = (name: string): boolean => /^[a-z0-9][a-z0-9-]{0,30}$/.test(name)

export const replayNames = (prefix: string, name: string) => ({
  prefix: `${prefix}replay-${name}.`,
  schema: `replay_${name.replaceAll('-', '_')}`,
})

export const defaultName = (nowMs: number): string =>
  new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')

export async function listReplays(db: Postgres): Promise<Replay[]> {
  return (await db.query<Replay>(`select ${columns} from replays order by created_at desc`)).rows
}

export async function findReplay(sql: Pick<Sql, 'query'>, name: string): Promise<Replay | undefined> {
  return (await sql.query<Replay>(`select ${columns} from replays where name = $1`, [name])).rows[0]
}

export type NewReplay = Pick<
  Replay,
  'name' | 'prefix' | 'schema' | 'from' | 'to' | 'units' | 'cutAt' | 'settledTo'
>

/** False: the name is taken. */
export async function addReplay(db: Postgres, replay: NewReplay): Promise<boolean> {
  const { name, prefix, schema, from, to, units, cutAt, settledTo } = replay
  const { rowCount } = await db.query(
    `insert into replays (name, prefix, schema_name, span_from, span_to, units, state, cut_at, settled_to)
     values ($1, $2, $3, $4, $5, $6, 'copying', $7, $8) on conflict do nothing`,
    [name, prefix, schema, from, to, units, cutAt, settledTo],
  )
  return rowCount === 1
}

/** What the copied log says; `settledTo`: the span ends there at the latest. */
export type Copied = { uplinks: number; receivedTo: Date | null; settledTo: Date | null }

export async function noteCopied(db: Postgres, name: string, { uplinks, receivedTo, settledTo }: Copied) {
  await db.query(
    `update replays set state = 'running', uplinks = $2, received_to = $3,
       settled_to = least(settled_to, $4), span_to = greatest(span_from, least(span_to, $4)) where name = $1`,
    [name, uplinks, receivedTo, settledTo],
  )
}

export async function noteReady(db: Postgres, name: string, seconds: number, deadLetters: number) {
  await db.query(`update replays set state = 'ready', seconds = $2, dead_letters = $3 where name = $1`, [
    name,
    seconds,
    deadLetters,
  ])
}

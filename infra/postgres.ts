// The home of `pg`, with one-trip.ts. Everything runs in short transactions and no session keeps a setting: it works the same
// through PgBouncer in transaction mode: time-outs are SET LOCAL, never a startup parameter, which PgBouncer refuses.
import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import pg from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import { inOneTrip, type Trip } from './one-trip.ts'
import { together } from './questions.ts'

export type Row = Record<string, unknown>

/** A session inside a transaction. bigint comes as a number (offsets and counts stay below 2^53), timestamptz as a Date. */
export type Sql = {
  query<R extends Row = Row>(
    text: string,
    values?: readonly unknown[],
  ): Promise<{ rows: R[]; rowCount: number }>
  /** Sends `data` as the input of a COPY … FROM STDIN statement. */
  copyIn(text: string, data: Buffer | Readable): Promise<void>
  /** The output of a COPY … TO STDOUT statement; read it to its end before the next statement. */
  copyOut(text: string): Readable
}

export type TransactionOptions = {
  readOnly?: boolean
  /** Every statement sees the database as it was at the first one. */
  isSnapshot?: boolean
  statementTimeoutMs?: number
  /** Aborted: the statement that runs is cancelled, and everything rolled back. */
  signal?: AbortSignal
  /** What one asker asks in one turn goes by one connection, unless they have other numbers: then side by side. */
  lane?: number
  /** Settings for this transaction only, such as `{ 'app.organization_id': id }` for row-level security. */
  settings?: Readonly<Record<string, string>>
}

export type Postgres = {
  /** Commits what `work` did, or rolls all of it back where it throws. */
  transaction<T>(work: (sql: Sql) => Promise<T>, options?: TransactionOptions): Promise<T>
  /** One statement in a transaction of its own. */
  query<R extends Row = Row>(
    text: string,
    values?: readonly unknown[],
    options?: TransactionOptions,
  ): Promise<{ rows: R[]; rowCount: number }>
  /** For metrics: connections in use, idle, and callers that wait for one. */
  usage(): { inUse: number; idle: number; waiting: number }
  end(): Promise<void>
}

export type PostgresSettings = {
  connectionsMax?: number
  idleTimeoutMs?: number
  connectTimeoutMs?: number
  statementTimeoutMs?: number
  /**
   * Gives statements with values a name, so that each connection keeps their plans. Through PgBouncer only from 1.21 on, with
   * max_prepared_statements.
   */
  namesStatements?: boolean
  /** Shown in pg_stat_activity. */
  name?: string
  /** A connection of the pool was lost while nobody used it; the next caller gets a new one. */
  onConnectionLost?: (error: Error) => void
}

const INT8 = 20

function ownTypes(): pg.CustomTypesConfig {
  const types = new pg.TypeOverrides()
  types.setTypeParser(INT8, Number)
  return types
}

export function openPostgres(databaseUrl: string, settings: PostgresSettings = {}): Postgres {
  const { connectionsMax = 20, idleTimeoutMs = 30_000, connectTimeoutMs = 5_000 } = settings
  const { statementTimeoutMs = 30_000, name = 'coldstream', onConnectionLost = () => {} } = settings
  const nameOf = settings.namesStatements ? statementNames() : nameless
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: connectionsMax,
    idleTimeoutMillis: idleTimeoutMs,
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    types: ownTypes(),
    application_name: name,
  })
  pool.on('error', onConnectionLost)
  const transaction: Postgres['transaction'] = async (work, options = {}) => {
    options.signal?.throwIfAborted()
    const client = await pool.connect()
    return inTransaction(client, sqlOf(client, nameOf), work, { statementTimeoutMs, ...options })
  }
  const timeout = String(Math.round(statementTimeoutMs))
  // A question takes milliseconds; to compile its plan takes hundreds.
  const limits = { transaction_read_only: 'on', statement_timeout: timeout, jit: 'off' }
  const question = together(async (statements, settings, signal) => {
    const client = await pool.connect()
    const how = { settings: { ...limits, ...settings }, nameOf }
    return lent(client, signal, () => answersOf(client, { statements, ...how }, signal))
  })
  const ask = async (
    text: string,
    values: readonly unknown[],
    { settings = {}, signal, lane = 0 }: TransactionOptions,
  ) => {
    signal?.throwIfAborted()
    const { rows, rowCount } = await question({ text, values }, { settings, lane }, signal)
    return { rows, rowCount: rowCount ?? 0 }
  }
  return {
    transaction,
    query: (text, values = [], options = {}) =>
      isPlainQuestion(options)
        ? ask(text, values, options)
        : transaction((sql) => sql.query(text, values), options),
    usage: () => ({
      inUse: pool.totalCount - pool.idleCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
    }),
    end: () => pool.end(),
  }
}

const isPlainQuestion = ({ readOnly, isSnapshot, statementTimeoutMs }: TransactionOptions): boolean =>
  readOnly === true && !isSnapshot && statementTimeoutMs === undefined

type Cancelling = { end: () => Promise<void> }

/** Lends a connection: what is lost or cancelled meanwhile is seen to, and then it goes back to its pool. */
async function lent<T>(
  client: pg.PoolClient,
  signal: AbortSignal | undefined,
  use: (cancelling: Cancelling, onLost: (error: Error) => void) => Promise<T>,
): Promise<T> {
  // Between two statements nobody waits on the socket: without a listener its loss would end the process.
  let lost: Error | undefined
  const onLost = (error: Error) => {
    lost = error
  }
  client.on('error', onLost)
  const cancelling = cancelledBy(signal, client)
  try {
    signal?.throwIfAborted() // while a connection was waited for
    return await use(cancelling, onLost)
  } finally {
    await cancelling.end()
    client.removeListener('error', onLost)
    client.release(lost) // a lost connection leaves the pool
  }
}

/** What stands behind a statement that is refused has not been executed, and is asked again without it. */
async function answersOf(
  client: pg.PoolClient,
  { statements, ...how }: Trip,
  signal: AbortSignal | undefined,
): Promise<PromiseSettledResult<pg.QueryResult>[]> {
  const { results, error } = await inOneTrip(client, { statements, ...how })
  if (results === null) throw error
  const answers = results.map((value) => ({ status: 'fulfilled' as const, value }))
  if (error === null) return answers
  signal?.throwIfAborted()
  const rest = statements.slice(answers.length + 1)
  const others = rest.length === 0 ? [] : await answersOf(client, { statements: rest, ...how }, signal)
  return [...answers, { status: 'rejected', reason: error }, ...others]
}

function inTransaction<T>(
  client: pg.PoolClient,
  sql: Sql,
  work: (sql: Sql) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  return lent(client, options.signal, async (cancelling, onLost) => {
    try {
      // In one message: a round trip for each would be felt in small batches.
      await client.query(beginning(client, options))
      const result = await work(sql)
      await cancelling.end()
      await client.query('commit')
      return result
    } catch (error) {
      await cancelling.end()
      await client.query('rollback').catch((failure: Error) => onLost(failure))
      throw error
    }
  })
}

function beginning(client: pg.PoolClient, options: TransactionOptions): string {
  const { readOnly = false, isSnapshot = false, statementTimeoutMs = 0, settings = {} } = options
  const modes = [isSnapshot ? ' isolation level repeatable read' : '', readOnly ? ' read only' : '']
  const set = Object.entries(settings).map(
    ([key, value]) => `set_config(${client.escapeLiteral(key)}, ${client.escapeLiteral(value)}, true)`,
  )
  return [
    `begin${modes.filter(Boolean).join(',')}`,
    `set local statement_timeout = ${Math.round(statementTimeoutMs)}`,
    ...(set.length > 0 ? [`select ${set.join(', ')}`] : []),
  ].join('; ')
}

/** What a client of `pg` knows of its session, beside what its types say. */
type Session = { host: string; port: number; processID: number | null; secretKey: number | null }

const CANCEL_REQUEST_CODE = 80_877_102
const CANCEL_WITHIN_MS = 2_000

/**
 * `end` waits until a request to cancel has been taken: sent on its way, it must not hit whoever gets the session next.
 */
function cancelledBy(signal: AbortSignal | undefined, client: pg.PoolClient): Cancelling {
  if (signal === undefined) return { end: () => Promise.resolve() }
  let request: Promise<void> | undefined
  const onAbort = () => {
    request = requestCancel(client as unknown as Session)
  }
  signal.addEventListener('abort', onAbort, { once: true })
  return {
    end: async () => {
      signal.removeEventListener('abort', onAbort)
      await request
    },
  }
}

/**
 * The protocol's own way, by a connection of its own; PgBouncer passes it on to the server that works for the session. Where
 * it fails, the statement's time-out ends it.
 */
function requestCancel({ host, port, processID, secretKey }: Session): Promise<void> {
  const packet = Buffer.alloc(16)
  packet.writeInt32BE(packet.length, 0)
  packet.writeInt32BE(CANCEL_REQUEST_CODE, 4)
  packet.writeInt32BE(processID ?? 0, 8)
  packet.writeInt32BE(secretKey ?? 0, 12)
  return new Promise((resolve) => {
    const socket = connect(host.startsWith('/') ? { path: `${host}/.s.PGSQL.${port}` } : { host, port })
    socket.setTimeout(CANCEL_WITHIN_MS, () => socket.destroy())
    socket.on('error', () => {}) // it is closed then
    socket.on('close', () => resolve())
    socket.on('connect', () => socket.write(packet))
    socket.resume()
  })
}

type NameOf = (text: string) => string | undefined

const nameless: NameOf = () => undefined

/** As many as PgBouncer keeps for a connection. */
const NAMES_MAX = 200

/** Statements are few texts, sent again and again; should somebody build texts, the later ones go without. */
function statementNames(): NameOf {
  const names = new Map<string, string>()
  return (text) => {
    if (!names.has(text) && names.size < NAMES_MAX)
      names.set(text, createHash('sha256').update(text).digest('hex').slice(0, 32))
    return names.get(text)
  }
}

function sqlOf(client: pg.ClientBase, nameOf: NameOf = nameless): Sql {
  return {
    query: async (text, values = []) => {
      const name = values.length === 0 ? undefined : nameOf(text)
      const { rows, rowCount } = await client.query({
        ...{ text, values: [...values] },
        ...(name === undefined ? {} : { name }),
      })
      return { rows, rowCount: rowCount ?? 0 }
    },
    copyIn: (text, data) =>
      pipeline(Buffer.isBuffer(data) ? [data] : data, client.query(copyFrom(text)) as NodeJS.WritableStream),
    copyOut: (text) => client.query(copyTo(text)),
  }
}

/** A connection of its own for migrations, which need the direct URL and no time-out. */
export async function withSession<T>(databaseUrl: string, use: (sql: Sql) => Promise<T>): Promise<T> {
  const client = new pg.Client({
    connectionString: databaseUrl,
    connectionTimeoutMillis: 5_000,
    types: ownTypes(),
    application_name: 'coldstream-migrate',
  })
  client.on('error', () => {}) // the statement that runs, or the next one, says so
  await client.connect()
  try {
    return await use(sqlOf(client))
  } finally {
    await client.end()
  }
}

/** The five characters by which Postgres names an error, or undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined
}

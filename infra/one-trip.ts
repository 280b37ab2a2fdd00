// Statements with settings of their own in a single message to Postgres and back. Statements that are sent before one Sync are one
// transaction, so `begin` and `commit` need no round trips, and settings that are local to the transaction end with it; through
// PgBouncer in transaction mode, too. Where the settings fail, no statement is executed; where one fails, none behind it. As
// pg-copy-streams and pg-cursor do, it drives pg's connection itself.
import pg from 'pg'

export type Statement = { text: string; values: readonly unknown[] }

export type Trip = {
  statements: readonly Statement[]
  /** Local to the transaction. */
  settings: Readonly<Record<string, string>>
  /** What has a name is parsed once a connection. */
  nameOf: (text: string) => string | undefined
}

/** Of the statements before the one that Postgres refused there are results; null: of none, nor can the others be asked again. */
export type Arrival = { results: pg.QueryResult[] | null; error: Error | null }

type Connection = {
  close(of: { type: 'S'; name: string }): void
  parse(statement: { text: string; name: string }): void
  bind(of: { statement: string; values: readonly unknown[] }): void
  describe(of: { type: 'P'; name: string }): void
  execute(of: object): void
  sync(): void
}

type Done = (error: Error | null, results: Partial<pg.QueryResult>[] | Partial<pg.QueryResult>) => void

/** What pg's own class has beside what its types say. */
type QueryClass = new (
  config: { text: string; queryMode: 'extended' },
  values: undefined,
  done: (error: Error | null) => void,
) => {
  _results: Partial<pg.QueryResult>[] | Partial<pg.QueryResult>
  prepare(connection: Connection): void
  handleReadyForQuery(connection: Connection): void
}

const { prepareValue } = (pg as unknown as { utils: { prepareValue(value: unknown): unknown } }).utils

/** Statements that a connection has parsed for sure. */
const parsed = new WeakMap<Connection, Set<string>>()

class TripQuery extends (pg.Query as unknown as QueryClass) {
  readonly #statements: readonly Statement[]
  readonly #nameOf: Trip['nameOf']
  readonly #names = new Set<string>()

  constructor({ statements, settings, nameOf }: Trip, done: Done) {
    super({ text: 'several', queryMode: 'extended' }, undefined, (error) => done(error, this._results))
    this.#nameOf = nameOf
    // Now: a value that cannot be sent must not be found half-way through the message.
    this.#statements = [setting(settings), ...statements].map(({ text, values }) => ({
      text,
      values: values.map(prepareValue),
    }))
  }

  override prepare(connection: Connection): void {
    for (const statement of this.#statements) this.#send(connection, statement)
    connection.sync()
  }

  #send(connection: Connection, { text, values }: Statement): void {
    const statement = this.#parse(connection, text)
    connection.bind({ statement, values })
    connection.describe({ type: 'P', name: '' })
    connection.execute({})
  }

  #parse(connection: Connection, text: string): string {
    const known = this.#nameOf(text)
    if (known === undefined) {
      connection.parse({ text, name: '' })
      return ''
    }
    // pg keeps names of its own, and would be told that they exist already.
    const name = `trip-${known}`
    if (this.#names.has(name) || parsed.get(connection)?.has(name)) return name
    // After a failure it may be there or not; to close what is not there is no error.
    connection.close({ type: 'S', name })
    connection.parse({ text, name })
    this.#names.add(name)
    return name
  }

  /** Postgres has answered all, and no error came before. */
  override handleReadyForQuery(connection: Connection): void {
    const known = parsed.get(connection) ?? new Set()
    parsed.set(connection, known)
    for (const name of this.#names) known.add(name)
    super.handleReadyForQuery(connection)
  }
}

function setting(settings: Trip['settings']): Statement {
  const pairs = Object.entries(settings).flat()
  const set = pairs.flatMap((_, i) => (i % 2 === 0 ? [`set_config($${i + 1}, $${i + 2}, true)`] : []))
  return { text: `select ${set.join(', ')}`, values: pairs }
}

export function inOneTrip(client: pg.ClientBase, trip: Trip): Promise<Arrival> {
  return new Promise((resolve) => {
    const query = new TripQuery(trip, (error, results) => {
      const complete = [results].flat().filter((one): one is pg.QueryResult => Boolean(one.command))
      // Of a row that cannot be read pg says so at the end, and has passed over all rows that followed.
      const isWhole = error === null || error instanceof pg.DatabaseError
      resolve({ results: isWhole && complete.length > 0 ? complete.slice(1) : null, error })
    })
    client.query(query as unknown as pg.Submittable)
  })
}

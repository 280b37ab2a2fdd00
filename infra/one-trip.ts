// One statement with settings of its own in a single message to Postgres and back. Statements that are sent before one Sync are one
// transaction, so `begin` and `commit` need no round trips, and settings that are local to the transaction end with it; through
// PgBouncer in transaction mode, too. Where the settings fail, the statement is not executed. As pg-copy-streams and pg-cursor
// do, it drives pg's connection itself.
import pg from 'pg'

export type Trip = {
  text: string
  values: readonly unknown[]
  /** Local to the transaction. */
  settings: Readonly<Record<string, string>>
  /** What has a name is parsed once a connection. */
  nameOf: (text: string) => string | undefined
}

type Connection = {
  close(of: { type: 'S'; name: string }): void
  parse(statement: { text: string; name: string }): void
  bind(of: { statement: string; values: readonly string[] }): void
  describe(of: { type: 'P'; name: string }): void
  execute(of: object): void
}

type Done = (error: Error | null, results: pg.QueryResult | pg.QueryResult[]) => void

/** What pg's own class has beside what its types say. */
type QueryClass = new (
  config: { text: string; values: unknown[]; queryMode: 'extended' },
  values: undefined,
  done: Done,
) => {
  name: string | undefined
  prepare(connection: Connection): void
  handleReadyForQuery(connection: Connection): void
}

/** Statements that a connection has parsed for sure. */
const parsed = new WeakMap<Connection, Set<string>>()

class TripQuery extends (pg.Query as unknown as QueryClass) {
  readonly #trip: Trip
  readonly #names: string[] = []

  constructor(trip: Trip, done: Done) {
    super({ text: trip.text, values: [...trip.values], queryMode: 'extended' }, undefined, done)
    this.#trip = trip
  }

  override prepare(connection: Connection): void {
    const { text, settings } = this.#trip
    const pairs = Object.entries(settings).flat()
    const set = pairs.flatMap((_, i) => (i % 2 === 0 ? [`set_config($${i + 1}, $${i + 2}, true)`] : []))
    const statement = this.#parse(connection, `select ${set.join(', ')}`)
    connection.bind({ statement, values: pairs })
    connection.describe({ type: 'P', name: '' })
    connection.execute({})
    // pg would keep the name as parsed already when the settings are; it is kept here, once all has gone well.
    this.name = this.#parse(connection, text)
    super.prepare(connection)
    this.name = undefined
  }

  hasBeenParsed(): boolean {
    return true
  }

  #parse(connection: Connection, text: string): string {
    const known = this.#trip.nameOf(text)
    if (known === undefined) {
      connection.parse({ text, name: '' })
      return ''
    }
    // pg keeps names of its own, and would be told that they exist already.
    const name = `trip-${known}`
    if (parsed.get(connection)?.has(name)) return name
    // After a failure it may be there or not; to close what is not there is no error.
    connection.close({ type: 'S', name })
    connection.parse({ text, name })
    this.#names.push(name)
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

export function inOneTrip(client: pg.ClientBase, trip: Trip): Promise<pg.QueryResult> {
  return new Promise((resolve, reject) => {
    const query = new TripQuery(trip, (error, results) => {
      const last = Array.isArray(results) ? results.at(-1) : results
      if (error || last === undefined) reject(error ?? new Error('Postgres answered nothing.'))
      else resolve(last)
    })
    client.query(query as unknown as pg.Submittable)
  })
}

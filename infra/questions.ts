// What one asker asks in one turn of the event loop goes to Postgres in one trip, as far as it has the same settings and lane.
// A page of ten statements then takes three trips on one connection. Each on a connection of its own, it took eight at once: the last of
// them were seldom used, knew neither statements nor tables, and set its 99th percentile.
import type pg from 'pg'
import type { Statement } from './one-trip.ts'

type Settings = Readonly<Record<string, string>>
type Answer = PromiseSettledResult<pg.QueryResult>

/** An answer to each; rejects where there is none to any. */
type Send = (statements: readonly Statement[], settings: Settings, signal?: AbortSignal) => Promise<Answer[]>
type Way = { settings: Settings; lane: number }
type Ask = (statement: Statement, way: Way, signal?: AbortSignal) => Promise<pg.QueryResult>

type Batch = { statements: Statement[]; answers: Promise<Answer[]> }

/** Who has no signal is nobody in particular, and asks alone. */
export function together(send: Send): Ask {
  const waiting = new WeakMap<AbortSignal, Map<string, Batch>>()

  const begun = (settings: Settings, signal: AbortSignal, name: string): Batch => {
    const ofAsker = waiting.get(signal) ?? new Map<string, Batch>()
    waiting.set(signal, ofAsker)
    const statements: Statement[] = []
    // Behind all that is ready to run: fields of one level ask in the same turn.
    const answers = new Promise<void>((resolve) => process.nextTick(resolve)).then(() => {
      ofAsker.delete(name)
      return send(statements, settings, signal)
    })
    const batch = { statements, answers }
    ofAsker.set(name, batch)
    return batch
  }

  return async (statement, way, signal) => {
    const { settings } = way
    if (signal === undefined) return settled(await send([statement], settings), 0)
    const name = JSON.stringify(way)
    const { statements, answers } = waiting.get(signal)?.get(name) ?? begun(settings, signal, name)
    const place = statements.push(statement) - 1
    return settled(await answers, place)
  }
}

function settled(answers: readonly Answer[], place: number): pg.QueryResult {
  const answer = answers[place]
  if (answer?.status === 'fulfilled') return answer.value
  throw answer?.reason
}

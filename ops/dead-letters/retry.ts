// Sends dead letters back to the topic that they came from: the same bytes, key and headers, each letter once.
import type { Postgres, Sql } from '../../infra/postgres.ts'
import type { OutgoingRecord, Publisher } from '../../infra/publisher.ts'
import { readTopic } from '../../infra/topic-reader.ts'
import { type Fate, fateOf } from './fate.ts'
import { findLetter, type Letter, type Place } from './letters.ts'

export type RetryTarget = {
  db: Postgres
  brokers: string
  prefix: string
  publisher: Pick<Publisher, 'publish'>
}

export type RetryOutcome =
  | { kind: 'sent'; topic: string; times: number }
  | { kind: 'retried-before'; retriedAt: Date | null; times: number }
  | { kind: 'stays'; advice: string }
  | { kind: 'unknown' }

/**
 * 1. Note the retry in Postgres. Somebody else who retries the same letter waits here, and then finds it noted.
 * 2. Write the record to its topic, and wait for the acknowledgement.
 * 3. Commit the note. Killed between 2 and 3 the note is lost, and a next retry sends the record once more: as with every
 *    copy, identity makes one of them.
 */
export async function retryLetter(
  target: RetryTarget,
  place: Place,
  isAgain: boolean,
): Promise<RetryOutcome> {
  return target.db.transaction(
    async (sql) => {
      const found = await findLetter(sql, place)
      if (found === undefined) return { kind: 'unknown' }
      const fate = await decidedFate(target, found)
      if (fate.kind === 'stays') return fate
      const times = await note(sql, place, isAgain)
      if (times === undefined) {
        const { retries, retriedAt } = (await findLetter(sql, place)) ?? found
        return { kind: 'retried-before', retriedAt, times: retries }
      }
      await target.publisher.publish([recordOf(found, fate.topic)])
      return { kind: 'sent', topic: fate.topic, times }
    },
    { statementTimeoutMs: 60_000 },
  )
}

/** How often it is retried now; undefined: it was before, and nobody insists. */
async function note(sql: Sql, place: Place, isAgain: boolean): Promise<number | undefined> {
  const { rows } = await sql.query<{ times: number }>(
    `insert into dead_letter_retries as old (topic, topic_partition, topic_offset) values ($1, $2, $3)
     on conflict (topic, topic_partition, topic_offset) do update
       set times = old.times + 1, last_retried_at = now() where $4
     returning times`,
    [place.topic, place.partition, place.offset, isAgain],
  )
  return rows[0]?.times
}

function recordOf({ key, value, headers, sourcePartition }: Letter, topic: string): OutgoingRecord {
  if (key === null || value === null) throw new Error('A letter without key and value has no topic to go to.')
  return { topic, key, value, headers, ...(sourcePartition === null ? {} : { partition: sourcePartition }) }
}

async function decidedFate({ brokers, prefix }: RetryTarget, letter: Letter): Promise<Fate> {
  const fate = fateOf(letter, prefix)
  if (fate.kind === 'stays' || !fate.isTable || !(await hasNewer(brokers, fate.topic, letter))) return fate
  return {
    kind: 'stays',
    advice: `A newer record of its key is in ${fate.topic}, which this one would replace. Nothing is lost: leave it.`,
  }
}

async function hasNewer(brokers: string, topic: string, { key, sourcePartition, sourceOffset }: Letter) {
  let isFound = false
  await readTopic({ brokers, topic }, (messages) => {
    isFound ||= messages.some(
      (message) =>
        message.partition === sourcePartition &&
        message.offset > (sourceOffset ?? -1) &&
        key?.toString() === message.key?.toString(),
    )
  })
  return isFound
}

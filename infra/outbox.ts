// The transactional outbox: what the registry must tell Kafka is written in the transaction that changes it, and from here
// it goes on, in order and at least once. A crash in between leaves it unpublished; the next run publishes it.
import type { Codecs } from '../schemas/codec.ts'
import { type TopicName, topicName } from '../schemas/topics.ts'
import type { Postgres, Sql } from './postgres.ts'
import type { Publisher } from './publisher.ts'

export type OutboxTarget = {
  codecs: Codecs
  prefix: string
  publisher: Pick<Publisher, 'publish'>
}

type OutboxRow = { id: number; topic: TopicName; key: string; value: never }

const LOCK = 20_260_301_03
const BATCH_ROWS = 500

/** Publishes what is there and returns how many records that were. Two publishers take turns, so the order holds. */
export async function publishOutbox(db: Postgres, target: OutboxTarget): Promise<number> {
  let published = 0
  for (;;) {
    const count = await db.transaction((sql) => publishBatch(sql, target))
    if (count === 0) return published
    published += count
  }
}

/**
 * 1. Take the lock; it ends with the transaction, so a killed publisher holds nobody up.
 * 2. Read the oldest unpublished records.
 * 3. Write them to Kafka, and wait for all acknowledgements.
 * 4. Mark them. A crash before this publishes them once more: the same records, for compacted topics.
 */
async function publishBatch(sql: Sql, { codecs, prefix, publisher }: OutboxTarget): Promise<number> {
  await sql.query('select pg_advisory_xact_lock($1)', [LOCK])
  const { rows } = await sql.query<OutboxRow>(
    'select id, topic, key, value from outbox where published_at is null order by id limit $1',
    [BATCH_ROWS],
  )
  if (rows.length === 0) return 0
  await publisher.publish(
    rows.map(({ topic, key, value }) => ({
      topic: topicName(prefix, topic),
      key,
      value: codecs.of(topic).encode(value),
    })),
  )
  await sql.query('update outbox set published_at = now() where id = any($1)', [rows.map(({ id }) => id)])
  return rows.length
}

// From the outbox to Kafka, for a command that has just filled it.
import { readConfig } from '../../infra/config.ts'
import { type OutboxTarget, publishOutbox } from '../../infra/outbox.ts'
import type { Postgres } from '../../infra/postgres.ts'
import { openPublisher } from '../../infra/publisher.ts'
import { registryAt } from '../../infra/registry.ts'
import { openCodecs } from '../../schemas/codec.ts'

export const publishingKeys = ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL', 'TOPIC_PREFIX'] as const

/** Also what an earlier run was killed over: it is all in the outbox. Returns how many records that were. */
export async function publishFrom(db: Postgres): Promise<number> {
  const { KAFKA_BROKERS, SCHEMA_REGISTRY_URL, TOPIC_PREFIX } = readConfig(publishingKeys)
  const publisher = await openPublisher(KAFKA_BROKERS)
  try {
    const codecs = await openCodecs(registryAt(SCHEMA_REGISTRY_URL), TOPIC_PREFIX)
    const target: OutboxTarget = { codecs, prefix: TOPIC_PREFIX, publisher }
    return await publishOutbox(db, target)
  } finally {
    await publisher.close()
  }
}

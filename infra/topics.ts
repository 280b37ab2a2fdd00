// The topics on the broker: creates those that are missing, from the contracts in schemas/topics.ts, and tells what is
// there. Topics that exist are never changed.
import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../schemas/failure.ts'
import { type TopicContract, type TopicName, topicName, topicNames, topics } from '../schemas/topics.ts'
import { isRetriable, withAdmin } from './kafka.ts'

type Admin = Parameters<Parameters<typeof withAdmin>[1]>[0]

const DAY_MS = 86_400_000
const METADATA_ATTEMPTS = 100
const METADATA_PAUSE_MS = 100
/**
 * Compaction leaves the newest segment alone, and a restore reads it whole. In ten minutes every sensor of a fleet has reported,
 * so that every state would lie in it once more; in a backlog, a dozen times.
 */
const COMPACTED_SEGMENT_MS = 60_000
const COMPACTED_SEGMENT_BYTES = 64 * 1024 * 1024

export type TopicStatus = { name: string; topic: TopicName; partitions: number | null }

export async function listTopics(brokers: string, prefix: string): Promise<TopicStatus[]> {
  const counts = await partitionCounts(brokers)
  return topicNames.map((topic) => {
    const name = topicName(prefix, topic)
    return { name, topic, partitions: counts.get(name) ?? null }
  })
}

export type Creation = { partitions: number; replication: number }

/** Returns every topic with its number of partitions, and which ones are new. */
export async function createTopics(brokers: string, prefix: string, { partitions, replication }: Creation) {
  const before = await listTopics(brokers, prefix)
  const missing = before.filter((status) => status.partitions === null)
  const wanted = missing.map(({ name, topic }) => ({
    topic: name,
    numPartitions: topics[topic].partitions ?? partitions,
    replicationFactor: replication,
    configEntries: configOf(topics[topic]),
  }))
  // kafkajs gives up at once where the metadata do not know the topic yet: the wait is ours.
  await untilAnswered(brokers, (admin) => admin.createTopics({ waitForLeaders: false, topics: wanted }))
  const created = new Set(missing.map((status) => status.name))
  const after = await untilThere(brokers, prefix)
  return after.map((status) => ({ ...status, isNew: created.has(status.name) }))
}

/** A topic that was just created is known to the metadata a moment later. */
async function untilThere(brokers: string, prefix: string): Promise<TopicStatus[]> {
  for (let left = METADATA_ATTEMPTS; ; left--) {
    const topics = await listTopics(brokers, prefix)
    if (left === 0 || topics.every(({ partitions }) => partitions !== null)) return topics
    await sleep(METADATA_PAUSE_MS)
  }
}

function configOf({ cleanup }: TopicContract): { name: string; value: string }[] {
  const config: Record<string, string | number> =
    cleanup.policy === 'delete'
      ? { 'cleanup.policy': 'delete', 'retention.ms': cleanup.retentionDays * DAY_MS }
      : {
          'cleanup.policy': 'compact',
          'segment.ms': COMPACTED_SEGMENT_MS,
          'segment.bytes': COMPACTED_SEGMENT_BYTES,
          'min.cleanable.dirty.ratio': 0.2,
        }
  return Object.entries(config).map(([name, value]) => ({ name, value: String(value) }))
}

/**
 * The numbers of partitions of these topics; throws TOPICS_MISSING, naming all that are missing. `groups`: topics that
 * are joined; throws TOPICS_MISMATCH where their numbers differ.
 */
export async function checkTopics(
  brokers: string,
  prefix: string,
  needed: readonly TopicName[],
  groups: Iterable<readonly TopicName[]>,
): Promise<Map<TopicName, number>> {
  const counts = await partitionCounts(brokers)
  const countOf = (topic: TopicName): number => counts.get(topicName(prefix, topic)) ?? 0
  const missing = needed.filter((topic) => countOf(topic) === 0)
  if (missing.length > 0)
    throw new PipelineError('TOPICS_MISSING', { topics: missing.map((topic) => topicName(prefix, topic)) })
  for (const group of groups) {
    if (new Set(group.map(countOf)).size <= 1) continue
    const named = group.map((topic): [string, number] => [topicName(prefix, topic), countOf(topic)])
    throw new PipelineError('TOPICS_MISMATCH', { counts: Object.fromEntries(named) })
  }
  return new Map(needed.map((topic) => [topic, countOf(topic)]))
}

/** Asking for one topic that is missing would fail the whole question, so all are asked for. */
async function partitionCounts(brokers: string): Promise<Map<string, number>> {
  const { topics: found } = await untilAnswered(brokers, (admin) => admin.fetchTopicMetadata())
  return new Map(found.map(({ name, partitions }) => [name, partitions.length]))
}

/** A question fails while the leader of any topic on the broker is being chosen, ours or not: then it is asked again. */
export async function untilAnswered<T>(brokers: string, question: (admin: Admin) => Promise<T>): Promise<T> {
  for (let left = METADATA_ATTEMPTS; ; left--) {
    try {
      return await withAdmin(brokers, question)
    } catch (error) {
      if (left === 0 || !isRetriable(error)) throw error
      await sleep(METADATA_PAUSE_MS)
    }
  }
}

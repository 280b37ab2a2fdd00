// The settings of every Kafka client, measured (kafka-notes.md), and the one home of kafkajs, which is kept for its
// administration only.
import { type Admin, AssignerProtocol, Kafka, logLevel } from 'kafkajs'
import type {
  ConsumerGlobalConfig,
  ConsumerTopicConfig,
  ProducerGlobalConfig,
  ProducerTopicConfig,
} from 'node-rdkafka'
import { PipelineError } from '../schemas/failure.ts'
import { kafkajsAddress, rdkafkaAddress } from './kafka-address.ts'

export type ConsumerSettings = { global: ConsumerGlobalConfig; topic: ConsumerTopicConfig }
export type ProducerSettings = { global: ProducerGlobalConfig; topic: ProducerTopicConfig }

const REQUEST_TIMEOUT_MS = 10_000

/** How long a killed or frozen process keeps its partitions, where nothing else is said. The broker's least is 6 s. */
const SESSION_TIMEOUT_MS = 10_000
/** A third of a session at most, so that one lost heartbeat ends none. */
const HEARTBEAT_MS = 300

/** How long a killed process's open transaction may hold up readers; a restart of the same name ends it at once. */
const TRANSACTION_TIMEOUT_MS = 15_000

const common = (brokers: string) => ({ ...rdkafkaAddress(brokers), 'log.connection.close': false })

const reading = (brokers: string, groupId: string): ConsumerSettings => ({
  global: {
    ...common(brokers),
    'group.id': groupId,
    'enable.auto.commit': false,
    'isolation.level': 'read_committed',
    'fetch.wait.max.ms': 50,
    'queued.min.messages': 50_000,
    'queued.max.messages.kbytes': 32_768,
    // Compressed, of each partition: by default a megabyte, which is tens of thousands of uplinks. Partitions would come one
    // after the other, and tasks that take turns (topology/turns.ts) would have to hold all of them.
    'fetch.message.max.bytes': 65_536,
    // 1 s by default: so long is not fetched once the queue has been full.
    'fetch.queue.backoff.ms': 20,
  },
  topic: { 'auto.offset.reset': 'earliest' },
})

/** A member of a group. `memberName`: given, a restarted process takes its partitions back without a rebalance. */
export function groupSettings(
  brokers: string,
  groupId: string,
  memberName: string | null,
  sessionTimeoutMs = SESSION_TIMEOUT_MS,
): ConsumerSettings {
  const { global, topic } = reading(brokers, groupId)
  return {
    global: {
      ...global,
      'partition.assignment.strategy': 'cooperative-sticky',
      'session.timeout.ms': sessionTimeoutMs,
      'heartbeat.interval.ms': HEARTBEAT_MS,
      ...(memberName === null ? {} : { 'group.instance.id': memberName }),
    },
    topic,
  }
}

/** A reader that chooses its partitions itself. The group's name is only used to look up what the group has committed. */
export const readerSettings = reading

/** A client that only asks for offsets, behind open transactions too. */
export function offsetsSettings(brokers: string, groupId: string): ConsumerSettings {
  const { global, topic } = reading(brokers, groupId)
  return { global: { ...global, 'isolation.level': 'read_uncommitted' }, topic }
}

const producing = (brokers: string): ProducerSettings => ({
  global: {
    ...common(brokers),
    'enable.idempotence': true,
    'compression.codec': 'lz4',
    'linger.ms': 5,
    'batch.size': 1_000_000,
    'batch.num.messages': 10_000,
    // 100 ms by default; the p99 of a commit falls from 124 to 30 ms.
    'retry.backoff.ms': 10,
  },
  // As the Java client does: the same key meets the same partition whoever writes it.
  topic: { partitioner: 'murmur2_random' },
})

/** Acknowledged one by one: for the bridge, and the registry's outbox. */
export function producerSettings(brokers: string): ProducerSettings {
  const { global, topic } = producing(brokers)
  return { global: { ...global, dr_cb: true }, topic }
}

/** Acknowledged by the commit. Two producers of one `transactionalId` fence each other off. */
export function transactionalSettings(brokers: string, transactionalId: string): ProducerSettings {
  const { global, topic } = producing(brokers)
  return {
    global: {
      ...global,
      dr_cb: false,
      'transactional.id': transactionalId,
      'transaction.timeout.ms': TRANSACTION_TIMEOUT_MS,
      'queue.buffering.max.messages': 500_000,
      'queue.buffering.max.kbytes': 262_144,
    },
    topic,
  }
}

/**
 * Whether the broker's answer may be another one in a moment: kafkajs says so in its errors. Where no broker has answered
 * at all, it takes the missing answer for one, and fails over that.
 */
export const isRetriable = (error: unknown): boolean =>
  error instanceof TypeError || (error instanceof Error && 'retriable' in error && error.retriable === true)

/** Of a member of a group as the coordinator describes it: `topic/partition`, in no order. */
export function partitionsIn(memberAssignment: Buffer): string[] {
  const decoded = AssignerProtocol.MemberAssignment.decode(memberAssignment)
  return Object.entries(decoded?.assignment ?? {}).flatMap(([topic, partitions]) =>
    partitions.map((partition) => `${topic}/${partition}`),
  )
}

/** Runs `use` with an admin client that is closed afterwards. */
export async function withAdmin<T>(brokers: string, use: (admin: Admin) => Promise<T>): Promise<T> {
  const { emitWarning } = process
  process.emitWarning = withoutNegativeTimeouts(emitWarning)
  try {
    return await withAdminClient(brokers, use)
  } finally {
    process.emitWarning = emitWarning
  }
}

/** kafkajs starts a timer of −1 − now ms with every request, and Node 24 says so to the user each time. */
function withoutNegativeTimeouts(emitWarning: typeof process.emitWarning): typeof process.emitWarning {
  return (warning: string | Error, type?: unknown, ...more: unknown[]) => {
    if (type !== 'TimeoutNegativeWarning') Reflect.apply(emitWarning, process, [warning, type, ...more])
  }
}

async function withAdminClient<T>(brokers: string, use: (admin: Admin) => Promise<T>): Promise<T> {
  const kafka = new Kafka({
    ...kafkajsAddress(brokers),
    clientId: 'coldstream-admin',
    requestTimeout: REQUEST_TIMEOUT_MS,
    logLevel: logLevel.NOTHING,
  })
  const admin = kafka.admin()
  try {
    await admin.connect()
  } catch (error) {
    throw new PipelineError('KAFKA_UNREACHABLE', { reason: (error as Error).message }, error)
  }
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

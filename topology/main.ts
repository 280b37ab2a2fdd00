// The stream process: configuration, registry, topics and Kafka put together around a topology.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { pino } from 'pino'
import type { Config } from '../infra/config.ts'
import { serveHealth } from '../infra/health-server.ts'
import { groupSettings, offsetsSettings, readerSettings, transactionalSettings } from '../infra/kafka.ts'
import { BulkReader, streams, wholePartitions } from '../infra/kafka-wire/bulk-reader.ts'
import { headersIn } from '../infra/kafka-wire/record-batches.ts'
import { adoptOrphans } from '../infra/orphans.ts'
import { registryAt } from '../infra/registry.ts'
import { checkTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'
import { type TopicName, topicName } from '../schemas/topics.ts'
import type { Topology } from './define.ts'
import { copartitioned, topicsOf } from './describe.ts'
import { countBuffersAsHeap } from './heap-growth.ts'
import { type Log, type Runtime, startRuntime } from './kafka-runtime.ts'
import { processMetrics } from './metrics.ts'
import type { SlotPhase } from './task-slot.ts'

const START_PAUSE_MS = 1_000
/** What is delivered late, a webhook's retries above all, needs most of the grace: so much of it processes may use up. */
const SLACK_OF_GRACE = 1 / 4

export type ProcessConfig = Pick<
  Config,
  | 'KAFKA_BROKERS'
  | 'SCHEMA_REGISTRY_URL'
  | 'TOPIC_PREFIX'
  | 'INSTANCE'
  | 'GRACE'
  | 'CLOCK'
  | 'STANDBY'
  | 'SESSION_TIMEOUT'
  | 'COMMIT_INTERVAL'
  | 'COMMIT_RECORDS_MAX'
  | 'PROCESS_PORT'
  | 'LOG_LEVEL'
>

export type RunningProcess = {
  port: number
  runtime: Runtime
  /** Commits, leaves the group, closes everything. */
  close(): Promise<void>
  /** Rejects where the process cannot go on and a person has to act. */
  finished: Promise<void>
}

/** Resolves once it joins the group; ready, as /health/ready says, once every task that it was given is restored. */
export async function runProcess(config: ProcessConfig, topology: Topology): Promise<RunningProcess> {
  return served(config, await openRuntime(config, topology))
}

export const logOf = (config: Pick<ProcessConfig, 'LOG_LEVEL'>): Log =>
  pino({ level: config.LOG_LEVEL, name: 'process' }, pino.destination({ dest: 2, sync: true })) satisfies Log

/** Joins the group. */
export async function openRuntime(config: ProcessConfig, topology: Topology): Promise<Runtime> {
  countBuffersAsHeap()
  const log = logOf(config)
  const { KAFKA_BROKERS: brokers, TOPIC_PREFIX: prefix } = config
  const codecs = await patiently(log, () => openCodecs(registryAt(config.SCHEMA_REGISTRY_URL), prefix))
  const needed = [...topicsOf(topology), 'watermarks', 'dead-letters'] as const
  const groups = [...copartitioned(topology).values()]
  const counts = await patiently(log, () => checkTopics(brokers, prefix, needed, groups))
  const names = new Map(needed.map((topic) => [topic, topicName(prefix, topic)]))
  const nameOf = (topic: TopicName) => names.get(topic) ?? topicName(prefix, topic)
  const partitionsOf = new Map(
    topology.stages.map(({ carrier }) => [nameOf(carrier), counts.get(carrier) ?? 0] as const),
  )
  const groupId = `${prefix}${topology.name}`
  const group = groupSettings(brokers, groupId, config.INSTANCE || null, config.SESSION_TIMEOUT)
  return startRuntime({
    topology,
    codecs,
    topicOf: nameOf,
    partitionsOf: (topic) => counts.get(topic) ?? 0,
    settings: {
      group,
      reader: readerSettings(brokers, groupId),
      offsets: offsetsSettings(brokers, groupId),
      producer: transactionalSettings(brokers, `${groupId}-${config.INSTANCE || randomUUID()}`),
    },
    bulk: {
      openChangelogs: (partitions) => BulkReader.open(brokers, partitions, wholePartitions),
      openStreams: (partitions) => BulkReader.open(brokers, partitions, streams),
      headersIn,
    },
    clock: config.CLOCK,
    slackMs: config.GRACE * SLACK_OF_GRACE,
    hasStandby: config.STANDBY === 'true',
    adoptOrphans: (isWanted) =>
      adoptOrphans(
        { brokers, settings: group, partitionsOf, bystander: nameOf('watermarks'), log },
        isWanted,
      ),
    nowMs: Date.now,
    commitIntervalMs: config.COMMIT_INTERVAL,
    commitRecordsMax: config.COMMIT_RECORDS_MAX,
    log,
  })
}

/** Health and metrics of a runtime, until it ends. */
export async function served(
  config: Pick<ProcessConfig, 'PROCESS_PORT'>,
  runtime: Runtime,
): Promise<RunningProcess> {
  const health = await serveHealth(config.PROCESS_PORT, 'PROCESS_PORT', {
    isReady: runtime.isReady,
    details: () => ({
      notReady: notReady(runtime),
      tasks: runtime.tasks(),
      standbyCopies: runtime.copies(),
    }),
    registry: processMetrics(runtime),
  }).catch(async (error) => {
    await runtime.stop()
    throw error
  })
  // Also where the runtime ends by itself: an open port would keep a process alive that does nothing any more.
  runtime.finished.then(health.close, health.close)
  return {
    port: health.port,
    runtime,
    finished: runtime.finished,
    close: () => runtime.stop(),
  }
}

/** Why it is not ready, in words. */
const notReady = (runtime: Runtime): string[] => [
  ...runtime.troubles().map(({ reason }) => reason),
  ...runtime
    .tasks()
    .filter(({ phase }) => phase !== 'running')
    .map(({ stage, partition, phase }) => `${stage}/${partition}: ${phaseTexts[phase]}.`),
]

const phaseTexts: Record<SlotPhase, string> = {
  restoring: 'its state is being restored',
  tables: 'its tables are being read',
  running: 'it runs',
  closed: 'it has been closed',
}

/** Kafka and the registry may come up later than we do. What a person has to put right ends the start. */
async function patiently<T>(log: Log, call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (error instanceof PipelineError && error.verdict === 'stop') throw error
      log.warn({ err: error }, 'Not ready to start: tries again')
      await sleep(START_PAUSE_MS)
    }
  }
}

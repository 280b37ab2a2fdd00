// Runs the stages and the sink of a replay until all that was copied is in its tables: the processes of production, under
// another prefix, into another schema, by the clock of the events.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../../infra/config.ts'
import { openPostgres } from '../../infra/postgres.ts'
import { readTopic } from '../../infra/topic-reader.ts'
import { topicName } from '../../schemas/topics.ts'
import { runSink, type SinkConfig } from '../../sinks/main.ts'
import { sinkTopics } from '../../sinks/rows.ts'
import type { Topology } from '../../topology/define.ts'
import type { TaskStatus } from '../../topology/kafka-runtime.ts'
import { type ProcessConfig, runProcess } from '../../topology/main.ts'
import { rangesOf } from './log-copy.ts'
import type { Replay } from './replays.ts'
import { isShadow, shadowUrl } from './shadow.ts'

const LOOK_EVERY_MS = 250

export type RebuildConfig = ProcessConfig & SinkConfig & Pick<Config, 'GRACE'>

export type Rebuild = {
  config: RebuildConfig
  topology: Topology
  replay: Pick<Replay, 'prefix' | 'schema'>
  onProgress: (progress: Progress) => void
}

export type Progress = { step: 'stages' | 'sink'; done: number; total: number }

/**
 * 1. Start the stages, by the clock of the events: the wall clock would find everything silent since the cut.
 * 2. Start the sink, into the replay's schema. It checks that it is there.
 * 3. Wait until every device task has read its uplinks, and every unit task has come to the same clock.
 * 4. End the stages: what they have is committed.
 * 5. Wait until no committed record is left that the sink has not written, and end it.
 */
export async function rebuild({ config, topology, replay, onProgress }: Rebuild): Promise<void> {
  const url = shadowUrl(config.DATABASE_DIRECT_URL || config.DATABASE_URL, replay.schema)
  const own = { TOPIC_PREFIX: replay.prefix, INSTANCE: '', LOG_LEVEL: 'error' } as const
  const shadow = openPostgres(url, { connectionsMax: 1 })
  try {
    if (!(await isShadow(shadow, replay.schema)))
      throw new Error(
        'DATABASE_DIRECT_URL (or DATABASE_URL) leads to a pooler: a replay needs Postgres itself.',
      )
    const stages = await runProcess({ ...config, ...own, CLOCK: 'events', PROCESS_PORT: 0 }, topology)
    const sink = await runSink({
      ...config,
      ...own,
      DATABASE_URL: url,
      DATABASE_DIRECT_URL: url,
      SINK_PORT: 0,
    })
    try {
      await Promise.race([
        stagesDone(config, topology, replay, stages.runtime.tasks, onProgress),
        stages.finished,
        sink.ended,
      ])
      await stages.close()
      await Promise.race([sinkDone(config, replay, shadow, onProgress), sink.ended])
    } finally {
      await Promise.allSettled([stages.close(), sink.close()])
    }
  } finally {
    await shadow.end()
  }
}

async function stagesDone(
  { KAFKA_BROKERS: brokers }: RebuildConfig,
  topology: Topology,
  { prefix }: Pick<Replay, 'prefix'>,
  tasks: () => TaskStatus[],
  onProgress: Rebuild['onProgress'],
): Promise<void> {
  const ranges = await rangesOf(brokers, topicName(prefix, 'uplinks'))
  const source = topology.stages.find(({ stream }) => stream === 'uplinks')?.name
  const total = ranges.reduce((sum, { first, end }) => sum + end - first, 0)
  for (;;) {
    const now = tasks()
    const left = ranges.map(({ partition, first, end }) => {
      const task = now.find((one) => one.stage === source && one.partition === partition)
      return task === undefined || !isKnown(task) ? end - first : task.lag
    })
    onProgress({ step: 'stages', done: total - left.reduce((sum, lag) => sum + lag, 0), total })
    if (isDone(topology, now, ranges.length)) return
    await sleep(LOOK_EVERY_MS)
  }
}

/** Before the end of its partition was looked up, a task's lag says nothing. */
const isKnown = ({ phase, lag, caughtUp }: TaskStatus) => phase === 'running' && (caughtUp || lag > 0)

/**
 * A later stage's clock follows the slowest task of the stage before it, and is told in the transaction of what that has
 * written: where all tasks stand at the newest clock, everything is read.
 */
function isDone(topology: Topology, tasks: readonly TaskStatus[], partitions: number): boolean {
  if (tasks.length !== topology.stages.length * partitions) return false
  const newestMs = Math.max(...tasks.map(({ clockMs }) => clockMs))
  return tasks.every(
    ({ phase, caughtUp, lag, clockMs }) =>
      phase === 'running' && caughtUp && lag === 0 && clockMs === newestMs,
  )
}

async function sinkDone(
  { KAFKA_BROKERS: brokers }: RebuildConfig,
  { prefix }: Pick<Replay, 'prefix'>,
  shadow: ReturnType<typeof openPostgres>,
  onProgress: Rebuild['onProgress'],
): Promise<void> {
  for (;;) {
    const left = await recordsLeft(brokers, prefix, shadow)
    onProgress({ step: 'sink', done: 0, total: left })
    if (left === 0) return
    await sleep(LOOK_EVERY_MS)
  }
}

/** Committed records behind what the sink has stored: an offset alone would count the marks of transactions, too. */
async function recordsLeft(
  brokers: string,
  prefix: string,
  shadow: ReturnType<typeof openPostgres>,
): Promise<number> {
  const { rows } = await shadow.query<{ topic: string; partition: number; next: number }>(
    'select topic, topic_partition as partition, next_offset as next from sink_offsets',
  )
  let left = 0
  for (const name of sinkTopics) {
    const topic = topicName(prefix, name)
    const from = new Map(
      rows.filter((row) => row.topic === topic).map(({ partition, next }) => [partition, next]),
    )
    await readTopic({ brokers, topic, from }, (messages) => {
      left += messages.length
    })
  }
  return left
}

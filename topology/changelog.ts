// Restores tasks: reads their changelog partitions to the end before the first record.
//
// The end is the next offset to be written, not the last stable one: an earlier owner's transaction may already have its
// offsets committed while its marker has not yet reached the changelog. Reading (committed records only) up to there
// waits for exactly that.
import type { TopicPartition } from 'node-rdkafka'
import { type Codecs, UnlearnedSchema } from '../schemas/codec.ts'
import type { TopicName } from '../schemas/topics.ts'
import type { Task } from './engine.ts'
import { Consumer, type ConsumerSettings } from './kafka-clients.ts'

const BATCH_RECORDS_MAX = 10_000
const REPORT_EVERY_MS = 1_000
/** A reader that gives nothing for so long is replaced by another one, which goes on where it stood. */
const STALLED_AFTER_MS = 60_000

export type Restore = {
  tasks: readonly Task[]
  topicOf: (topic: TopicName) => string
  /** Must read committed records only, from the earliest offset, without a group. */
  settings: ConsumerSettings
  /** Tells ends behind open transactions. */
  offsets: Consumer
  codecs: Codecs
  isWanted: () => boolean
  report: (progress: RestoreProgress) => void
}

export type RestoreProgress = {
  records: number
  bytes: number
  elapsedMs: number
  isDone: boolean
  partitionsLeft: number
  /** At most so many records: compaction has removed some. */
  offsetsLeft: number
}

type Goal = { task: Task; end: number; position: number }

/** Returns false where it was not wanted any more. */
export async function restore(job: Restore): Promise<boolean> {
  const partitions = job.tasks.map((task) => partitionOfChangelog(job, task))
  const starts = await job.offsets.startOffsets(partitions)
  const ends = await job.offsets.endOffsets(partitions)
  const goals = new Map<string, Goal>()
  job.tasks.forEach((task, i) => {
    const goal = { task, end: ends[i] ?? 0, position: Math.max(starts[i] ?? 0, task.restoredTo) }
    if (goal.position < goal.end) goals.set(idOf(partitionOfChangelog(job, task)), goal)
  })
  while (leftOf(goals).partitionsLeft > 0) if (!(await readAll(job, goals))) return false
  for (const task of job.tasks) await startTimers(job, task)
  return true
}

/** Returns false where it was not wanted any more; true also where its reader has given nothing for long. */
async function readAll(job: Restore, goals: Map<string, Goal>): Promise<boolean> {
  const consumer = await Consumer.connect(job.settings)
  try {
    consumer.client.assign(
      Array.from(openOf(goals), ({ task, position }) => ({
        ...partitionOfChangelog(job, task),
        offset: position,
      })),
    )
    return await readToEnds(job, consumer, goals)
  } finally {
    await consumer.disconnect()
  }
}

async function readToEnds(job: Restore, consumer: Consumer, goals: Map<string, Goal>): Promise<boolean> {
  const startedMs = performance.now()
  const progress: RestoreProgress = {
    ...{ records: 0, bytes: 0, elapsedMs: 0, isDone: false },
    ...leftOf(goals),
  }
  let reportedMs = startedMs
  let movedMs = startedMs
  while (!progress.isDone) {
    if (!job.isWanted()) return false
    const before = progress.offsetsLeft
    await readBatch(consumer, goals, progress)
    Object.assign(progress, leftOf(goals))
    if (progress.offsetsLeft < before) movedMs = performance.now()
    else if (performance.now() - movedMs > STALLED_AFTER_MS) return true
    progress.elapsedMs = performance.now() - startedMs
    progress.isDone = progress.partitionsLeft === 0
    if (!progress.isDone && performance.now() - reportedMs < REPORT_EVERY_MS) continue
    reportedMs = performance.now()
    job.report({ ...progress })
  }
  return true
}

const openOf = (goals: ReadonlyMap<string, Goal>): Goal[] =>
  [...goals.values()].filter(({ position, end }) => position < end)

function leftOf(goals: ReadonlyMap<string, Goal>) {
  const open = openOf(goals)
  const offsetsLeft = open.reduce((sum, { position, end }) => sum + end - position, 0)
  return { partitionsLeft: open.length, offsetsLeft }
}

async function readBatch(
  consumer: Consumer,
  goals: Map<string, Goal>,
  progress: RestoreProgress,
): Promise<void> {
  const { messages, ends } = await consumer.consume(BATCH_RECORDS_MAX)
  // Messages come in runs of one partition: an id is made for each run, not for each message.
  let [topic, partition, goal]: [string, number, Goal | undefined] = ['', -1, undefined]
  for (const message of messages) {
    if (message.partition !== partition || message.topic !== topic) {
      ;({ topic, partition } = message)
      goal = goals.get(idOf(message))
    }
    if (goal === undefined || message.key == null) continue
    goal.task.restore(message.key.toString(), message.value)
    goal.position = message.offset + 1
    progress.bytes += message.size
  }
  progress.records += messages.length
  for (const end of ends) {
    const goal = goals.get(idOf(end))
    if (goal) goal.position = Math.max(goal.position, end.offset)
  }
}

/** States may be of earlier releases: their schemas are fetched as they come up. */
async function startTimers({ codecs, isWanted }: Restore, task: Task): Promise<void> {
  while (isWanted()) {
    try {
      task.startTimers()
      return
    } catch (error) {
      if (!(error instanceof UnlearnedSchema)) throw error
      await codecs.learn(task.stage.changelog, error.schemaId)
    }
  }
}

const partitionOfChangelog = ({ topicOf }: Restore, { stage, partition }: Task): TopicPartition => ({
  topic: topicOf(stage.changelog),
  partition,
})

const idOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

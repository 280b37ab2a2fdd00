// Restores tasks: reads their changelog partitions to the end before the first record.
//
// The end is the next offset to be written, not the last stable one: an earlier owner's transaction may already have its
// offsets committed while its marker has not yet reached the changelog. Reading (committed records only) up to there
// waits for exactly that.
import type { TopicPartition, TopicPartitionOffset } from 'node-rdkafka'
import { type Codecs, UnlearnedSchema } from '../schemas/codec.ts'
import type { TopicName } from '../schemas/topics.ts'
import type { OpenBulk } from './bulk.ts'
import { bulkSource, type ChangelogSource, clientSource } from './changelog-source.ts'
import type { Task } from './engine.ts'
import type { Consumer, ConsumerSettings } from './kafka-clients.ts'

const REPORT_EVERY_MS = 1_000
/** A source that gives nothing for so long is replaced by another one, which goes on where it stood. */
const STALLED_AFTER_MS = 60_000
const BULK_STALLED_AFTER_MS = 5_000

export type Restore = {
  tasks: readonly Task[]
  topicOf: (topic: TopicName) => string
  /** Must read committed records only, from the earliest offset, without a group. */
  settings: ConsumerSettings
  openBulk: OpenBulk
  /** Tells ends behind open transactions. */
  offsets: Consumer
  codecs: Codecs
  isWanted: () => boolean
  report: (progress: RestoreProgress) => void
  /** Why the changelogs are not, or not to their ends, read in bulk. */
  onBulkFailure: (error: unknown) => void
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

type Goal = { task: Task; of: TopicPartition; end: number; position: number }
/** By `idOf`: those that are not reached. */
type Goals = Map<string, Goal>

/** Returns false where it was not wanted any more. */
export async function restore(job: Restore): Promise<boolean> {
  const goals = await goalsOf(job)
  const isNothing = goals.size === 0
  const startedMs = performance.now()
  const progress: RestoreProgress = {
    ...{ records: 0, bytes: 0, elapsedMs: 0, isDone: false },
    ...leftOf(goals),
  }
  const report = () => {
    const elapsedMs = performance.now() - startedMs
    job.report(Object.assign(progress, { elapsedMs, isDone: goals.size === 0 }, leftOf(goals)))
  }
  const reading: Reading = { job, goals, progress, report }
  await readInBulk(reading)
  while (goals.size > 0 && job.isWanted())
    await readFrom(await clientSource(job.settings, startsOf(goals)), reading, STALLED_AFTER_MS)
  if (goals.size > 0) return false
  if (!isNothing) report()
  for (const task of job.tasks) await startTimers(job, task)
  return true
}

async function goalsOf({ tasks, topicOf, offsets }: Restore): Promise<Goals> {
  const partitions = tasks.map(
    ({ stage, partition }): TopicPartition => ({ topic: topicOf(stage.changelog), partition }),
  )
  const starts = await offsets.startOffsets(partitions)
  const ends = await offsets.endOffsets(partitions)
  const goals = tasks.map((task, i): Goal => {
    const position = Math.max(starts[i] ?? 0, task.restoredTo)
    return { task, of: partitions[i] as TopicPartition, end: ends[i] ?? 0, position }
  })
  return new Map(goals.filter(({ position, end }) => position < end).map((goal) => [idOf(goal.of), goal]))
}

type Reading = { job: Restore; goals: Goals; progress: RestoreProgress; report: () => void }

/** As far as it gets. */
async function readInBulk(reading: Reading): Promise<void> {
  const { job, goals } = reading
  if (goals.size === 0) return
  try {
    const starts = startsOf(goals)
    const reader = await job.openBulk(starts)
    await readFrom(bulkSource(reader, starts), reading, BULK_STALLED_AFTER_MS)
  } catch (error) {
    job.onBulkFailure(error)
  }
}

/** To the ends, until it is not wanted any more, or until nothing has come for long. */
async function readFrom(
  source: ChangelogSource,
  { job, goals, progress, report }: Reading,
  stalledAfterMs: number,
): Promise<void> {
  let reportedMs = performance.now()
  let movedMs = reportedMs
  try {
    while (goals.size > 0 && job.isWanted() && performance.now() - movedMs < stalledAfterMs) {
      if (await readNext(source, goals, progress)) movedMs = performance.now()
      if (goals.size === 0 || performance.now() - reportedMs < REPORT_EVERY_MS) continue
      reportedMs = performance.now()
      report()
    }
  } finally {
    await source.close()
  }
}

/** Returns whether any partition has been read further. */
async function readNext(source: ChangelogSource, goals: Goals, progress: RestoreProgress): Promise<boolean> {
  // Records come in runs of one partition: its goal is looked up for each run, not for each record.
  let last: TopicPartition | undefined
  let task: Task | undefined
  const reached = await source.read((of, key, value) => {
    if (of.partition !== last?.partition || of.topic !== last.topic) {
      last = of
      task = goals.get(idOf(of))?.task
    }
    task?.restore(key, value)
    progress.records++
    progress.bytes += key.length + (value?.length ?? 0)
  })
  let hasMoved = false
  for (const { topic, partition, offset } of reached) {
    const goal = goals.get(idOf({ topic, partition }))
    if (goal === undefined || offset <= goal.position) continue
    goal.position = offset
    hasMoved = true
    if (offset < goal.end) continue
    goals.delete(idOf(goal.of))
    source.leave(goal.of)
  }
  return hasMoved
}

const startsOf = (goals: Goals): TopicPartitionOffset[] =>
  Array.from(goals.values(), ({ of, position }) => ({ ...of, offset: position }))

function leftOf(goals: Goals) {
  let offsetsLeft = 0
  for (const { end, position } of goals.values()) offsetsLeft += end - position
  return { partitionsLeft: goals.size, offsetsLeft }
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

const idOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

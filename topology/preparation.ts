// Makes tasks ready that the group has just given to this process: where they start, what they remember, their tables.
import type { TopicPartition } from 'node-rdkafka'
import type { TopicName } from '../schemas/topics.ts'
import { restore } from './changelog.ts'
import type { ClockBoard } from './clock-board.ts'
import { type Consumer, insist } from './kafka-clients.ts'
import type { RuntimeOptions, RuntimeTotals } from './kafka-runtime.ts'
import { toInputs } from './message.ts'
import type { SideReader } from './side-reader.ts'
import type { TaskSlot } from './task-slot.ts'

/** Records of a table that may wait for their task. */
const TABLE_PENDING_MAX = 20_000

export type Preparation = {
  options: RuntimeOptions
  totals: RuntimeTotals
  group: Consumer
  offsets: Consumer
  side: SideReader
  board: ClockBoard
}

type Start = { slot: TaskSlot; positions: Map<TopicName, number>; tableEnds: Map<TopicName, number> }

/**
 * 1. Ask for the committed offsets. The answer waits for transactions of an earlier owner that are being decided.
 * 2. Restore the changelogs, up to ends that are looked up after that.
 * 3. Start the tasks, and follow their tables; the stream waits until those have been read to their ends.
 */
export async function prepare(slots: readonly TaskSlot[], preparation: Preparation): Promise<void> {
  const isWanted = () => slots.some((slot) => slot.phase !== 'closed')
  const starts: Start[] = []
  for (const slot of slots) starts.push(await startOf(slot, preparation, isWanted))
  if (!(await restoreAll(slots, preparation, isWanted))) return
  for (const { slot, positions, tableEnds } of starts) {
    if (slot.phase === 'closed') continue
    const { stage } = slot.task
    slot.start(positions, tableEnds, saidOf(slot, preparation.board))
    for (const table of stage.tables) followTable(slot, table, positions.get(table) ?? 0, preparation)
  }
}

/** A source's task begins with its last clock; another's comes from those that feed it. */
function saidOf({ task: { stage, partition } }: TaskSlot, board: ClockBoard) {
  if (stage.upstream.length > 0) return { clockMs: 0, takenToMs: 0 }
  return { clockMs: board.of(stage.name, partition), takenToMs: board.takenTo(stage.name, partition) }
}

async function startOf(
  slot: TaskSlot,
  { options, group, offsets }: Preparation,
  isWanted: () => boolean,
): Promise<Start> {
  const { stage, partition } = slot.task
  const topics = [stage.carrier, ...stage.tables]
  const asked: TopicPartition[] = topics.map((topic) => ({ topic: options.topicOf(topic), partition }))
  const report = (error: unknown) =>
    options.log.warn(
      { err: error, stage: stage.name, partition },
      'Kafka does not tell where to start: tries again',
    )
  const committed = await insist(() => group.committed(asked), isWanted, report)
  const firsts = await insist(() => offsets.startOffsets(asked), isWanted, report)
  const ends = await insist(() => offsets.endOffsets(asked), isWanted, report)
  const positions = topics.map((topic, i): [TopicName, number] => {
    const [first, end] = [firsts[i] ?? 0, ends[i] ?? 0]
    const offset = committed[i] ?? first
    // Retention has passed it, or the topic was made anew: the reader starts at the first record, and so do we.
    if (offset >= first && offset <= end) return [topic, offset]
    options.log.warn(
      { topic, partition, offset, first, end },
      'The committed offset is gone: starts at the first record',
    )
    return [topic, first]
  })
  const tableEnds = stage.tables.map((table): [TopicName, number] => [
    table,
    ends[topics.indexOf(table)] ?? 0,
  ])
  return { slot, positions: new Map(positions), tableEnds: new Map(tableEnds) }
}

async function restoreAll(
  slots: readonly TaskSlot[],
  { options, totals, offsets }: Preparation,
  isWanted: () => boolean,
): Promise<boolean> {
  const tasks = slots.map((slot) => slot.task)
  return restore({
    tasks,
    topicOf: options.topicOf,
    settings: options.settings.reader,
    openBulk: options.bulk.openChangelogs,
    offsets,
    codecs: options.codecs,
    isWanted,
    report: ({ records, bytes, elapsedMs, isDone, partitionsLeft, offsetsLeft }) => {
      const perSecond = Math.round((records / elapsedMs) * 1_000)
      options.log.info(
        { records, bytes, perSecond, partitionsLeft, offsetsLeft },
        isDone ? 'State restored' : 'Restoring state',
      )
      if (!isDone) return
      totals.restoredRecords += records
      totals.restoreMs += elapsedMs
    },
    onBulkFailure: (error) =>
      options.log.warn({ err: error }, 'Changelogs are not read in bulk: the Kafka client goes on with them'),
  })
}

function followTable(slot: TaskSlot, table: TopicName, offset: number, { options, side }: Preparation): void {
  side.follow(
    { topic: options.topicOf(table), partition: slot.task.partition, offset },
    {
      onMessage: (message) => {
        for (const record of toInputs(table, [message])) slot.offer(record)
      },
      onEnd: (end) => slot.sawEnd(table, end),
      fill: () => slot.pendingOfTables / TABLE_PENDING_MAX,
    },
  )
}

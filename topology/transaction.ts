// One Kafka transaction for all tasks of a process: what each has taken, made and remembered, or none of it.
import type { TopicPartitionOffset } from 'node-rdkafka'
import type { Codecs } from '../schemas/codec.ts'
import type { TopicName } from '../schemas/topics.ts'
import { CarrierWriter, carrierOf } from './carrier.ts'
import { taskId } from './clock-board.ts'
import type { Topology } from './define.ts'
import { HandedOn } from './handed-on.ts'
import type { Consumer, Transactions } from './kafka-clients.ts'
import type { OutputLog } from './output-log.ts'
import type { TaskSlot } from './task-slot.ts'

/** How often a task tells the others how far it is. */
export const PUBLISH_EVERY_MS = 500

/**
 * Timers that one transaction fires. After a long pause millions may be due at once: their outputs would fill the memory, and
 * the transaction would time out, each time anew.
 */
const TIMERS_MAX = 50_000

export type TransactionContext = {
  transactions: Transactions
  group: Consumer
  codecs: Codecs
  topology: Topology
  topicOf: (topic: TopicName) => string
  partitionsOf: (topic: TopicName) => number
  nowMs: () => number
}

/**
 * Whether others wait for this task's word, and it has something new to say. A wall clock that was set back must not
 * keep it silent until the old time has come again.
 */
export const owesWord = (slot: TaskSlot, isFeeding: boolean, nowMs: number): boolean =>
  isFeeding &&
  Math.abs(nowMs - slot.published.atMs) >= PUBLISH_EVERY_MS &&
  (slot.clock.ms > slot.published.clockMs || slot.takenToMs !== slot.published.takenToMs)

/**
 * 1. Settle: bring every touched key and due timer of each task to the task's clock.
 * 2. Begin.
 * 3. Produce the outputs and the changelog, encoded already. Then what the next stage takes, in the order of what it
 *    came from: a task's must not pass what another task made of earlier records (turns.ts). Then the words of
 *    tasks that feed others: their clocks, and how far they are.
 * 4. Send the offsets of every task, with the group's generation. Also where only timers fired: this is the step that a
 *    process which has lost its partitions does not get past.
 * 5. Commit. From here on the broker says it is done.
 * 6. Fold: what the tasks had in their overlays is what is committed.
 * Whatever fails from 2 to 5, the caller aborts and every task takes its records again. Returns the offsets that it committed.
 */
export async function runTransaction(
  slots: readonly TaskSlot[],
  owes: (slot: TaskSlot) => boolean,
  context: TransactionContext,
): Promise<TopicPartitionOffset[]> {
  const { transactions, group } = context
  const speaking = slots.filter(owes)
  for (const slot of slots) slot.settle(Math.ceil(TIMERS_MAX / slots.length))
  await transactions.begin()
  await produceOutputs(slots, context)
  for (const slot of speaking) await produceWord(slot, context)
  const offsets = slots.flatMap((slot) => offsetsOf(slot, context))
  await transactions.sendOffsets(offsets, group)
  await transactions.commit()
  for (const slot of slots) slot.committed()
  return offsets
}

/** What nobody here reads has no order across tasks: a task's own is all that outsiders need. */
async function produceOutputs(slots: readonly TaskSlot[], context: TransactionContext): Promise<void> {
  const handedOn = new Map<TopicName, HandedOn>()
  for (const { stream, upstream } of context.topology.stages)
    if (upstream.length > 0) handedOn.set(stream, new HandedOn())
  for (const { task } of slots) await produceOf(task.outputs, handedOn, context)
  for (const [topic, ordered] of handedOn) {
    const write = carried(topic, context)
    while (ordered.next()) {
      const { log, at } = ordered
      const made = { topic, partition: log.partitionAt(at), key: log.keyAt(at), value: log.valueAt(at) }
      if (!produceNow(made, context)) await produceLater(made, context)
      const full = write?.add(made)
      if (full) await produceLater(full, context)
    }
    for (const batch of write?.end() ?? []) await produceLater(batch, context)
  }
}

/** All of a task but what is handed on: of that, only where it lies. A promise for each record would cost as much as the record. */
async function produceOf(log: OutputLog, handedOn: Map<TopicName, HandedOn>, context: TransactionContext) {
  const { transactions, topicOf } = context
  const places = new Map<TopicName, number[]>()
  for (const [topic, ordered] of handedOn) {
    const own: number[] = []
    places.set(topic, own)
    ordered.addRun(log, own)
  }
  for (let at = 0; at < log.count; at++) {
    const topic = log.topicAt(at)
    const own = places.get(topic)
    if (own !== undefined) {
      own.push(at)
      continue
    }
    const value = log.valueAt(at)
    if (!transactions.tryProduce(topicOf(topic), log.partitionAt(at), value, log.keyAt(at)))
      await produceLater(log.at(at), context)
  }
}

type Produced = { topic: TopicName; partition: number | null; value: Buffer; key: string }

const produceNow = (
  { topic, partition, value, key }: Produced,
  { transactions, topicOf }: TransactionContext,
) => transactions.tryProduce(topicOf(topic), partition, value, key)

const produceLater = (
  { topic, partition, value, key }: Produced,
  { transactions, topicOf }: TransactionContext,
) => transactions.produce(topicOf(topic), partition, value, key)

function carried(topic: TopicName, { partitionsOf, codecs }: TransactionContext): CarrierWriter | null {
  const carrier = carrierOf(topic)
  return carrier === undefined ? null : new CarrierWriter(carrier, partitionsOf(carrier), codecs)
}

async function produceWord(slot: TaskSlot, { transactions, topicOf, codecs, nowMs }: TransactionContext) {
  const { settledClockMs: clock, settledTakenToMs: takenTo } = slot
  const { stage, partition } = slot.task
  const value = codecs
    .of('watermarks')
    .encode({ stage: stage.name, partition, clock, takenTo, caughtUp: slot.clock.caughtUp })
  await transactions.produce(topicOf('watermarks'), null, value, taskId(stage.name, partition))
  slot.publishing = { clockMs: clock, takenToMs: takenTo, atMs: nowMs() }
}

/** Tables too: their offsets belong to the state, and are fenced with it. */
const offsetsOf = (slot: TaskSlot, { topicOf }: TransactionContext): TopicPartitionOffset[] =>
  slot.offsets().map(([topic, offset]) => ({ topic: topicOf(topic), partition: slot.task.partition, offset }))

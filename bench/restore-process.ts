// Restores its part of a changelog when asked, and says what that has cost; or only reads it, which is the floor of any restore
// with this client. Its set-up is its one argument, as JSON.
import { offsetsSettings, readerSettings } from '../infra/kafka.ts'
import { BulkReader, wholePartitions } from '../infra/kafka-wire/bulk-reader.ts'
import { registryAt } from '../infra/registry.ts'
import { openCodecs } from '../schemas/codec.ts'
import { topicName } from '../schemas/topics.ts'
import { restore } from '../topology/changelog.ts'
import { Task } from '../topology/engine.ts'
import { countBuffersAsHeap } from '../topology/heap-growth.ts'
import { Consumer } from '../topology/kafka-clients.ts'
import { topology } from '../topology/topology.ts'
import { threadCpuMs } from './cpu.ts'

/** As a restore does. */
const READ_RECORDS_MAX = 10_000

type Setup = { brokers: string; schemaRegistryUrl: string; prefix: string; partitions: number[] }

export type Ask = 'floor' | 'restore'
export type Spent = { cpuMs: number; javaScriptMs: number }
export type Restored = Spent & { keys: number; rssBytes: number; heapBytes: number }

const { brokers, schemaRegistryUrl, prefix, partitions } = JSON.parse(process.argv[2] ?? '') as Setup
countBuffersAsHeap()
const codecs = await openCodecs(registryAt(schemaRegistryUrl), prefix)
const stage = topology.stages.find(({ name }) => name === 'unit')
if (stage === undefined) throw new Error('There is no unit stage.')
const tasks = partitions.map((partition) => new Task(stage, partition, codecs, Date.now))

/** Garbage is no state. */
function memory(): NodeJS.MemoryUsage {
  globalThis.gc?.()
  return process.memoryUsage()
}

async function spentOn(work: () => Promise<void>): Promise<Spent> {
  const before = threadCpuMs()
  await work()
  const after = threadCpuMs()
  const spent = Object.entries(after).map(([name, ms]) => ms - (before[name] ?? 0))
  return {
    cpuMs: spent.reduce((sum, ms) => sum + ms, 0),
    javaScriptMs: (after.JavaScript ?? 0) - (before.JavaScript ?? 0),
  }
}

/** Every record becomes a message of node-rdkafka, and nothing is done with it. */
async function readOnly(): Promise<void> {
  const reader = await Consumer.connect(readerSettings(brokers, `${prefix}floor`))
  const asked = partitions.map((partition) => ({ topic: topicName(prefix, 'unit-changelog'), partition }))
  const left = new Map((await reader.endOffsets(asked)).map((end, i) => [asked[i]?.partition, end]))
  reader.client.assign(asked.map((one) => ({ ...one, offset: 0 })))
  while (left.size > 0) {
    const { ends } = await reader.consume(READ_RECORDS_MAX)
    for (const { partition, offset } of ends) if (offset >= (left.get(partition) ?? 0)) left.delete(partition)
  }
  await reader.disconnect()
}

async function restoreAll(): Promise<void> {
  const offsets = await Consumer.connect(offsetsSettings(brokers, `${prefix}bench`))
  await restore({
    ...{ tasks, codecs, offsets, settings: readerSettings(brokers, `${prefix}bench`) },
    ...{
      openBulk: (starts) => BulkReader.open(brokers, starts, wholePartitions),
      onBulkFailure: (error) => console.error(error),
    },
    ...{ topicOf: (topic) => topicName(prefix, topic), isWanted: () => true, report: () => {} },
  })
  await offsets.disconnect()
}

async function restored(): Promise<Restored> {
  const before = memory()
  const spent = await spentOn(restoreAll)
  const after = memory()
  return {
    ...spent,
    keys: tasks.reduce((sum, { keys }) => sum + keys, 0),
    rssBytes: after.rss - before.rss,
    heapBytes: after.heapUsed - before.heapUsed,
  }
}

process.once('disconnect', () => process.exit(2))
const answers: Record<Ask, () => Promise<Spent | Restored>> = {
  floor: () => spentOn(readOnly),
  restore: restored,
}
process.on('message', async ({ id, ask }: { id: number; ask: Ask }) =>
  process.send?.({ id, answer: await answers[ask]() }),
)
process.send?.({ id: 0 })

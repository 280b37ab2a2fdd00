// Restores its part of a changelog when asked, and says what that has cost. Its set-up is its one argument, as JSON.
import { offsetsSettings, readerSettings } from '../infra/kafka.ts'
import { registryAt } from '../infra/registry.ts'
import { openCodecs } from '../schemas/codec.ts'
import { topicName } from '../schemas/topics.ts'
import { restore } from '../topology/changelog.ts'
import { Task } from '../topology/engine.ts'
import { Consumer } from '../topology/kafka-clients.ts'
import { topology } from '../topology/topology.ts'
import { threadCpuMs } from './cpu.ts'

type Setup = { brokers: string; schemaRegistryUrl: string; prefix: string; partitions: number[] }

export type Restored = {
  keys: number
  cpuMs: number
  javaScriptMs: number
  rssBytes: number
  heapBytes: number
}

const { brokers, schemaRegistryUrl, prefix, partitions } = JSON.parse(process.argv[2] ?? '') as Setup
const codecs = await openCodecs(registryAt(schemaRegistryUrl), prefix)
const stage = topology.stages.find(({ name }) => name === 'unit')
if (stage === undefined) throw new Error('There is no unit stage.')
const tasks = partitions.map((partition) => new Task(stage, partition, codecs, Date.now))

/** Garbage is no state. */
function memory(): NodeJS.MemoryUsage {
  globalThis.gc?.()
  return process.memoryUsage()
}

async function restored(): Promise<Restored> {
  const before = memory()
  const cpuBefore = threadCpuMs()
  const offsets = await Consumer.connect(offsetsSettings(brokers, `${prefix}bench`))
  await restore({
    ...{ tasks, codecs, offsets, settings: readerSettings(brokers, `${prefix}bench`) },
    ...{ topicOf: (topic) => topicName(prefix, topic), isWanted: () => true, report: () => {} },
  })
  await offsets.disconnect()
  const spent = Object.entries(threadCpuMs()).map(([name, ms]) => ms - (cpuBefore[name] ?? 0))
  const after = memory()
  return {
    keys: tasks.reduce((sum, { keys }) => sum + keys, 0),
    cpuMs: spent.reduce((sum, ms) => sum + ms, 0),
    javaScriptMs: (threadCpuMs().JavaScript ?? 0) - (cpuBefore.JavaScript ?? 0),
    rssBytes: after.rss - before.rss,
    heapBytes: after.heapUsed - before.heapUsed,
  }
}

process.once('disconnect', () => process.exit(2))
process.on('message', async ({ id }: { id: number }) => process.send?.({ id, answer: await restored() }))
process.send?.({ id: 0 })

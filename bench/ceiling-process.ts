// The ceiling: node-rdkafka reads the uplinks and writes them again, key and value, in transactions that carry the offsets,
// and does nothing else with them. No pipeline that reads each uplink and writes one record for it can be faster.

import { groupSettings, transactionalSettings } from '../infra/kafka.ts'
import { topicName } from '../schemas/topics.ts'
import { Consumer, Transactions } from '../topology/kafka-clients.ts'
import { threadCpuMs } from './cpu.ts'

type Setup = { brokers: string; prefix: string; uplinks: number; recordsPerCommit: number }

export type Ceiling = { elapsedMs: number; threads: Record<string, number> }

const setup = JSON.parse(process.argv[2] ?? '') as Setup
process.once('disconnect', () => process.exit(2))
process.on('message', async ({ id }: { id: number }) => process.send?.({ id, answer: await copyAll(setup) }))
process.send?.({ id: 0 })

async function copyAll({ brokers, prefix, uplinks, recordsPerCommit }: Setup): Promise<Ceiling> {
  const source = topicName(prefix, 'uplinks')
  const target = `${prefix}ceiling`
  const producer = await Transactions.connect(transactionalSettings(brokers, `${prefix}ceiling`), () => true)
  const consumer: Consumer = await Consumer.connect(
    groupSettings(brokers, `${prefix}ceiling`, null),
    (kind, partitions) => {
      if (kind === 'assign') consumer.client.incrementalAssign(partitions)
      else consumer.client.incrementalUnassign(partitions)
    },
  )
  consumer.client.subscribe([source])
  let startedMs = 0
  let before: Record<string, number> = {}
  const next = new Map<number, number>()
  let copied = 0
  let open = 0
  while (copied < uplinks) {
    const { messages } = await consumer.consume(2_000)
    if (messages.length > 0 && startedMs === 0) {
      startedMs = performance.now()
      before = threadCpuMs()
    }
    if (messages.length > 0 && open === 0) await producer.begin()
    for (const { value, key, partition, offset } of messages) {
      if (!producer.tryProduce(target, partition, value, String(key)))
        await producer.produce(target, partition, value, String(key))
      next.set(partition, offset + 1)
    }
    copied += messages.length
    open += messages.length
    if (open < recordsPerCommit && copied < uplinks) continue
    const offsets = Array.from(next, ([partition, offset]) => ({ topic: source, partition, offset }))
    await producer.sendOffsets(offsets, consumer)
    await producer.commit()
    open = 0
  }
  const elapsedMs = performance.now() - startedMs
  const threads = Object.fromEntries(
    Object.entries(threadCpuMs()).map(([name, ms]): [string, number] => [name, ms - (before[name] ?? 0)]),
  )
  await consumer.disconnect()
  await producer.disconnect()
  return { elapsedMs, threads }
}

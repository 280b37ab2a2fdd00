import { setTimeout as sleep } from 'node:timers/promises'
import type { KafkaConsumer } from 'node-rdkafka'
import { expect, test, vi } from 'vitest'
import { Consumer, type Done } from './kafka-clients.ts'
import { SideReader } from './side-reader.ts'

type Read = { topic: string; partition: number; offset: number }

/** A client that gives what `records` has, and honours pauses. */
function fake() {
  const paused = new Set<string>()
  const records: Read[] = []
  const client = {
    setDefaultConsumeTimeout: () => {},
    on: () => {},
    isConnected: () => false,
    incrementalAssign: vi.fn(),
    incrementalUnassign: vi.fn(),
    pause: (read: Read[]) => paused.add(read[0]!.topic),
    resume: (read: Read[]) => paused.delete(read[0]!.topic),
    consume: (_: number, done: Done<Read[]>) => {
      const read = records.filter(({ topic }) => !paused.has(topic))
      for (const one of read) records.splice(records.indexOf(one), 1)
      setTimeout(() => done(null, read), 1)
    },
  }
  return { paused, records, consumer: new Consumer(client as unknown as KafkaConsumer) }
}

const at = (topic: string, offset: number): Read => ({ topic, partition: 0, offset })

test('a follower that is full stops its own partition only: clocks are heard all the same', async () => {
  const { paused, records, consumer } = fake()
  const reader = new SideReader(consumer, (error) => expect.unreachable(String(error)))
  const heard: number[] = []
  let fill = 0
  const table = { onMessage: () => void fill++, onEnd: () => {}, fill: () => fill }
  const clocks = { onMessage: ({ offset }: Read) => void heard.push(offset), onEnd: () => {}, fill: () => 0 }
  reader.follow({ ...at('devices', 0) }, table as never)
  reader.follow({ ...at('watermarks', 0) }, clocks as never)
  records.push(at('devices', 0), at('devices', 1))
  await vi.waitFor(() => expect(paused).toEqual(new Set(['devices'])))
  records.push(at('devices', 2), at('watermarks', 0), at('watermarks', 1))
  await vi.waitFor(() => expect(heard).toEqual([0, 1]))
  expect(fill).toBe(2)
  fill = 0
  await vi.waitFor(() => expect(fill).toBe(1))
  records.push(at('devices', 3))
  await vi.waitFor(() => expect(fill).toBe(2))
  await vi.waitFor(() => expect(paused).toEqual(new Set(['devices'])))
  reader.unfollow([at('devices', 0)])
  // The client would remember the pause when the partition comes back.
  await vi.waitFor(() => expect(paused).toEqual(new Set()))
  await reader.close()
})

test('a reader whose client is lost says so: it does not end in silence', async () => {
  const { consumer } = fake()
  const failed = vi.fn()
  vi.spyOn(consumer, 'consume').mockRejectedValue(new Error('lost'))
  const reader = new SideReader(consumer, failed)
  await vi.waitFor(() => expect(failed).toHaveBeenCalledWith(new Error('lost')))
  await sleep(0)
  await reader.close()
})

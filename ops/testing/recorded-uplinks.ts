// The uplinks of one run, to be logged again for other runs: byte for byte, in their order, paced, and through outages of the
// broker. So runs differ in nothing but in what is done to them.
import { setTimeout as sleep } from 'node:timers/promises'
import { openPublisher, type Publisher } from '../../infra/publisher.ts'
import { registryAt } from '../../infra/registry.ts'
import { readTopic } from '../../infra/topic-reader.ts'
import { openCodecs } from '../../schemas/codec.ts'
import { topicName } from '../../schemas/topics.ts'

export type RecordedUplink = { key: Buffer; value: Buffer; partition: number; writtenMs: number }

/** In the order in which they were written. */
export async function recordUplinks(brokers: string, prefix: string): Promise<RecordedUplink[]> {
  const recorded: RecordedUplink[] = []
  await readTopic({ brokers, topic: topicName(prefix, 'uplinks') }, (messages) => {
    for (const { key, value, partition, timestamp } of messages)
      if (key != null && value !== null)
        recorded.push({
          key: Buffer.from(key),
          value: Buffer.from(value),
          partition,
          writtenMs: timestamp ?? 0,
        })
  })
  return recorded.sort((a, b) => a.writtenMs - b.writtenMs)
}

/** As if the log had been written when its uplinks were measured, and not in one go: what processes keep the order by. */
export async function asWrittenThen(
  uplinks: readonly RecordedUplink[],
  registryUrl: string,
  prefix: string,
): Promise<RecordedUplink[]> {
  const { decode } = (await openCodecs(registryAt(registryUrl), prefix)).of('uplinks')
  let writtenMs = 0
  return uplinks.map((uplink) => {
    writtenMs = Math.max(writtenMs, decode(uplink.value).recordedAt)
    return { ...uplink, writtenMs }
  })
}

const SLICE_MS = 100
const RETRY_PAUSE_MS = 200
/**
 * Longer than a broker may take to end (30 s) and to start again (90 s, infra/local/kept-process.ts), which says itself what is
 * wrong with it, with the end of its log.
 */
const PATIENCE_MS = 150_000

export type Feeding = {
  brokers: string
  prefix: string
  overMs: number
  headers?: Record<string, string>
  /** The records keep the instants at which they were written. */
  isOld?: boolean
}

/** Spread evenly over `overMs`; what the broker does not acknowledge is written again. */
export async function feedUplinks(uplinks: readonly RecordedUplink[], feeding: Feeding): Promise<void> {
  const { brokers, prefix, overMs, headers = {}, isOld = false } = feeding
  const topic = topicName(prefix, 'uplinks')
  const records = uplinks.map(({ key, value, partition, writtenMs }) => ({
    ...{ topic, key, value, partition, headers },
    ...(isOld ? { writtenMs } : {}),
  }))
  const slices = Math.max(1, Math.round(overMs / SLICE_MS))
  const startMs = performance.now()
  let publisher = await patiently(() => openPublisher(brokers))
  try {
    for (let slice = 0; slice < slices; slice++) {
      const [from, to] = [slice, slice + 1].map((n) => Math.round((n * records.length) / slices))
      publisher = await publish(publisher, brokers, records.slice(from, to))
      await sleep(Math.max(0, startMs + (slice + 1) * SLICE_MS - performance.now()))
    }
  } finally {
    await publisher.close().catch(() => {}) // the broker may be away
  }
}

type Records = Parameters<Publisher['publish']>[0]

/** A producer that has given up on a broker is replaced. */
async function publish(publisher: Publisher, brokers: string, records: Records): Promise<Publisher> {
  let current = publisher
  return patiently(async () => {
    try {
      await current.publish(records)
      return current
    } catch (error) {
      await current.close().catch(() => {}) // it may never have been connected
      current = await openPublisher(brokers)
      throw error
    }
  })
}

async function patiently<T>(call: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + PATIENCE_MS
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (performance.now() > deadlineMs) throw error
      await sleep(RETRY_PAUSE_MS)
    }
  }
}

// Copies what a replay runs on into topics of its own: the uplinks up to a cut, and devices and rules as they are now. So a
// replay has an end, can leave out units, and touches nothing of production: no group, no topic, no schema.
import type { Message } from 'node-rdkafka'
import type { OutgoingRecord, Publisher } from '../../infra/publisher.ts'
import { readTopic } from '../../infra/topic-reader.ts'
import { untilAnswered } from '../../infra/topics.ts'
import { type Codecs, UnlearnedSchema } from '../../schemas/codec.ts'
import type { TopicValues } from '../../schemas/generated/types.ts'
import { type TopicName, topicName, topics } from '../../schemas/topics.ts'

export type LogRange = { partition: number; first: number; end: number }

/** The partitions of the topic and what they hold now. */
export async function rangesOf(brokers: string, topic: string): Promise<LogRange[]> {
  const offsets = await untilAnswered(brokers, (admin) => admin.fetchTopicOffsets(topic))
  return offsets
    .map(({ partition, low, high }) => ({ partition, first: Number(low), end: Number(high) }))
    .sort((a, b) => a.partition - b.partition)
}

/** Of each partition the first record that was written at the instant or later; its end, where there is none. */
export async function rangesFrom(brokers: string, topic: string, at: Date): Promise<Map<number, number>> {
  const offsets = await untilAnswered(brokers, (admin) =>
    admin.fetchTopicOffsetsByTimestamp(topic, at.getTime()),
  )
  return new Map(offsets.map(({ partition, offset }) => [partition, Number(offset)]))
}

/** When the oldest record that is kept was written, UTC ms; null: the topic is empty. */
export async function oldestMs(
  brokers: string,
  topic: string,
  ranges: readonly LogRange[],
): Promise<number | null> {
  const filled = ranges.filter(({ first, end }) => first < end)
  if (filled.length === 0) return null
  const bound = (take: (range: LogRange) => number) =>
    new Map(ranges.map((range) => [range.partition, take(range)] as const))
  let oldest: number | null = null
  const from = bound(({ first }) => first)
  const to = bound(({ first, end }) => Math.min(first + 1, end))
  await readTopic({ brokers, topic, from, to }, (messages) => {
    for (const { timestamp = 0 } of messages) oldest = Math.min(oldest ?? timestamp, timestamp)
  })
  return oldest
}

export type LogCopy = {
  brokers: string
  /** Of production, and of the replay. */
  from: string
  to: string
  codecs: Codecs
  publisher: Pick<Publisher, 'publish'>
}

/** Devices that were in one of the units at some time; null: all. */
type Chosen = ReadonlySet<string> | null

/** Everything that comes from outside beside the uplinks: devices first, because they say which uplinks are wanted. */
export async function copyTables(
  copy: LogCopy,
  sources: readonly TopicName[],
  units: readonly string[] | null,
): Promise<Chosen> {
  const devices = units === null ? null : new Set<string>()
  await copyTopic(copy, 'devices', async (message) => {
    if (units === null || devices === null) return true
    const { versions } = await decoded(copy.codecs, 'devices', message)
    const isIn = versions.some(({ unitId }) => unitId !== null && units.includes(unitId))
    if (isIn) devices.add(String(message.key))
    return isIn
  })
  for (const topic of sources.filter((name) => name !== 'uplinks' && name !== 'devices')) {
    const chosen = topics[topic].key === 'unitId' && units !== null ? new Set(units) : null
    await copyTopic(copy, topic, async ({ key }) => chosen === null || chosen.has(String(key)))
  }
  return devices
}

/** Of the newest uplinks of the partitions. */
type Newest = { receivedMs: number; recordedMs: number }

export type CopiedLog = { uplinks: number; newest: Newest | null }

/** Same keys, bytes, partitions and instants of writing: turns are taken by those. */
export async function copyUplinks(
  copy: LogCopy,
  devices: Chosen,
  ranges: readonly LogRange[],
  onCopied: (uplinks: number) => void,
): Promise<CopiedLog> {
  const newest = new Map<number, Message>()
  let uplinks = 0
  const to = new Map(ranges.map(({ partition, end }) => [partition, end]))
  const wants = async (message: Message) => {
    newest.set(message.partition, message)
    return devices === null || devices.has(String(message.key))
  }
  await copyTopic(copy, 'uplinks', wants, to, (count) => {
    uplinks += count
    onCopied(uplinks)
  })
  return { uplinks, newest: await newestOf(copy.codecs, [...newest.values()]) }
}

/** What cannot be read becomes a dead letter in the replay, too, and says nothing of the time. */
async function newestOf(codecs: Codecs, messages: readonly Message[]): Promise<Newest | null> {
  let newest: Newest | null = null
  for (const message of messages) {
    const uplink = await decoded(codecs, 'uplinks', message).catch(() => null)
    if (uplink === null) continue
    const { receivedMs = 0, recordedMs = 0 }: Partial<Newest> = newest ?? {}
    newest = {
      receivedMs: Math.max(receivedMs, uplink.receivedAt),
      recordedMs: Math.max(recordedMs, uplink.recordedAt),
    }
  }
  return newest
}

async function copyTopic(
  { brokers, from, to, publisher }: LogCopy,
  topic: TopicName,
  isWanted: (message: Message) => Promise<boolean>,
  ends?: ReadonlyMap<number, number>,
  onCopied: (count: number) => void = () => {},
): Promise<void> {
  const range = ends === undefined ? {} : { to: ends }
  await readTopic({ brokers, topic: topicName(from, topic), ...range }, async (messages) => {
    const records: OutgoingRecord[] = []
    for (const message of messages)
      if (await isWanted(message)) records.push(recordOf(message, topicName(to, topic)))
    await publisher.publish(records)
    onCopied(records.length)
  })
}

function recordOf(
  { key, value, partition, timestamp, headers = [] }: Message,
  topic: string,
): OutgoingRecord {
  const entries = headers.flatMap((header) => Object.entries(header))
  return {
    ...{ topic, partition, key: key ?? null, value },
    ...(timestamp === undefined ? {} : { writtenMs: timestamp }),
    headers: Object.fromEntries(entries.map(([name, text]) => [name, text.toString()])),
  }
}

async function decoded<N extends TopicName>(
  codecs: Codecs,
  topic: N,
  { value }: Message,
): Promise<TopicValues[N]> {
  const bytes = value ?? Buffer.alloc(0)
  try {
    return codecs.of(topic).decode(bytes)
  } catch (error) {
    if (!(error instanceof UnlearnedSchema)) throw error
    await codecs.learn(topic, error.schemaId)
    return codecs.of(topic).decode(bytes)
  }
}

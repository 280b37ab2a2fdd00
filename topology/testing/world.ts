// What the e2e tests of the runtime share: topics of their own, uplinks to write, processes to start and kill, and what
// must come out, which is what the same engine makes of the same uplinks in memory.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Codecs } from '../../schemas/codec.ts'
import type { Reading, TopicValues, Uplink } from '../../schemas/generated/types.ts'
import { type TopicName, topicName } from '../../schemas/topics.ts'
import { Consumer, type ConsumerSettings, type ProducerSettings, Transactions } from '../kafka-clients.ts'
import type { ProcessConfig } from '../main.ts'
import { TestDriver } from '../test-driver.ts'
import { counting, uplinkOf } from './counting.ts'

export const PARTITIONS = 4
const START_MS = Date.parse('2026-02-01T10:00:00Z')
const DEVICES = 40

export type WorldSetup = {
  brokers: string
  registryUrl: string
  prefix: string
  codecs: Codecs
  reader: ConsumerSettings
  writer: ProducerSettings
  logLevel?: ProcessConfig['LOG_LEVEL']
}

export type Child = { process: ChildProcess; port: number }

type OldRecord = { key: string; value: Buffer; writtenMs?: number | null }

type Status = {
  isReady: boolean
  notReady: string[]
  tasks: { stage: string; lag: number; caughtUp: boolean; phase: string; deadLetters: number }[]
  standbyCopies: { keys: number; offset: number; isWarm: boolean }[]
}

/** A reader that the broker forgot while it was frozen is given up; the next one starts anew. */
const READ_WITHIN_MS = 20_000
/** After a broker has woken up, on a machine that is busy with other things. */
const OUTCOME_WITHIN_MS = 100_000

export class World {
  readonly #setup: WorldSetup
  readonly #children = new Set<ChildProcess>()
  /** Every uplink that was written, in order. */
  readonly input: Uplink[] = []

  constructor(setup: WorldSetup) {
    this.#setup = setup
  }

  /**
   * Writes `count` more uplinks in one transaction, `stepMs` of event time apart. `isOld`: the records say that they were
   * written then, as those of a backlog do.
   */
  async feed(count: number, stepMs = 400, { isOld = false } = {}): Promise<void> {
    const from = this.input.length
    const more = Array.from({ length: count }, (_, i) =>
      uplinkOf(`device-${((from + i) * 7919) % DEVICES}`, from + i, START_MS + (from + i) * stepMs),
    )
    this.input.push(...more)
    const { encode } = this.#setup.codecs.of('uplinks')
    await this.write(
      more.map((uplink) => ({
        key: uplink.devEui,
        value: encode(uplink),
        writtenMs: isOld ? uplink.recordedAt : null,
      })),
    )
  }

  /** An uplink that was written, as bytes. */
  encoded(index: number): Buffer {
    const uplink = this.input[index]
    if (uplink === undefined) throw new Error(`Only ${this.input.length} uplinks were written.`)
    return this.#setup.codecs.of('uplinks').encode(uplink)
  }

  /** Writes records to uplinks as they are. A broker that has just woken up may let a transaction fail: then all again. */
  async write(records: readonly OldRecord[]): Promise<void> {
    let isWritten = false
    await until(`${records.length} records are written`, async () => {
      isWritten ||= await this.#writeAll(records).then(() => true)
      return isWritten
    })
  }

  async #writeAll(records: readonly OldRecord[]): Promise<void> {
    const { prefix, writer } = this.#setup
    const producer = await Transactions.connect(writer, () => true)
    try {
      await this.#writeIn(producer, topicName(prefix, 'uplinks'), records)
    } finally {
      await producer.disconnect()
    }
  }

  async #writeIn(producer: Transactions, topic: string, records: readonly OldRecord[]): Promise<void> {
    await producer.begin()
    // Through the client itself: what the runtime writes has no time but that of writing.
    for (const { key, value, writtenMs = null } of records)
      producer.client.produce(topic, null, value, key, writtenMs)
    await producer.commit()
  }

  /** By how much the last stage's units got a reading after newer ones, at most, ms. */
  async disorderMs(): Promise<number> {
    const newest = new Map<string, number>()
    const readings = this.#setup.codecs.of('readings')
    let mostMs = 0
    for (const { items } of await this.readAll('reading-batches'))
      for (const { value } of items) {
        const { unitId, recordedAt }: Reading = readings.decode(value)
        const newestMs = newest.get(unitId) ?? 0
        mostMs = Math.max(mostMs, newestMs - recordedAt)
        newest.set(unitId, Math.max(newestMs, recordedAt))
      }
    return mostMs
  }

  /** Every committed record of the topic. */
  async readAll<N extends TopicName>(topic: N): Promise<TopicValues[N][]> {
    const { prefix, codecs, reader: settings } = this.#setup
    const reader = await Consumer.connect(settings)
    const count = topic === 'watermarks' ? 1 : PARTITIONS
    const partitions = Array.from({ length: count }, (_, partition) => ({
      topic: topicName(prefix, topic),
      partition,
    }))
    try {
      const ends = await reader.endOffsets(partitions)
      const positions = partitions.map(() => 0)
      reader.client.assign(partitions.map((partition) => ({ ...partition, offset: 0 })))
      const values: TopicValues[N][] = []
      const deadlineMs = performance.now() + READ_WITHIN_MS
      while (positions.some((offset, i) => offset < (ends[i] ?? 0))) {
        if (performance.now() > deadlineMs)
          throw new Error(
            `${topic} was read up to ${positions} and not to its ends ${ends} in ${READ_WITHIN_MS} ms.`,
          )
        const batch = await reader.consume(5_000)
        for (const { value, partition, offset } of batch.messages) {
          if (value) values.push(codecs.of(topic).decode(value))
          positions[partition] = offset + 1
        }
        for (const { partition, offset } of batch.ends)
          positions[partition] = Math.max(positions[partition] ?? 0, offset)
      }
      return values
    } finally {
      await reader.disconnect()
    }
  }

  async start(over: Partial<ProcessConfig> & { threads?: number } = {}): Promise<Child> {
    const config: ProcessConfig & { threads?: number } = {
      KAFKA_BROKERS: this.#setup.brokers,
      SCHEMA_REGISTRY_URL: this.#setup.registryUrl,
      TOPIC_PREFIX: this.#setup.prefix,
      INSTANCE: '',
      GRACE: 7_200_000,
      CLOCK: 'events',
      STANDBY: 'false',
      SESSION_TIMEOUT: 10_000,
      COMMIT_INTERVAL: 20,
      COMMIT_RECORDS_MAX: 50,
      PROCESS_PORT: 0,
      LOG_LEVEL: this.#setup.logLevel ?? 'error',
      ...over,
    }
    const child = fork(new URL('counting-process.ts', import.meta.url), [JSON.stringify(config)], {
      execArgv: [],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.#children.add(child)
    child.once('exit', () => this.#children.delete(child))
    const [message] = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => [{}])])
    return { process: child, port: (message as { port?: number }).port ?? 0 }
  }

  killAll(): void {
    for (const child of this.#children) child.kill('SIGKILL')
  }

  /** Waits until as much came out as must come out, and returns both. */
  async outcome(advanceToMs?: number): Promise<{ got: string[]; want: string[] }> {
    const driver = new TestDriver(counting, { partitions: PARTITIONS }).pipe('uplinks', ...this.input)
    if (advanceToMs !== undefined) driver.advanceTo(advanceToMs)
    const want = lines(driver.drain('rollups'))
    await until(
      `${want.length} minutes are told`,
      async () => (await this.readAll('rollups')).length >= want.length,
      OUTCOME_WITHIN_MS,
    )
    return { got: lines(await this.readAll('rollups')), want }
  }
}

/** The last number counts records that came after their minute had been told: time ran ahead. */
const lines = (rollups: readonly TopicValues['rollups'][]): string[] =>
  rollups.map((r) => [r.unitId, r.start, r.count, r.sum, r.revision].join()).sort()

export async function end(child: Child, signal: NodeJS.Signals): Promise<number | null> {
  if (child.process.exitCode !== null) return child.process.exitCode
  const exit = once(child.process, 'exit')
  child.process.kill(signal)
  const [code] = (await exit) as [number | null]
  return code
}

/** Of Linux: the pids of a process's children; none where it has ended. */
export function childrenOf({ process: { pid } }: Child): number[] {
  const path = `/proc/${pid}/task/${pid}/children`
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number)
}

export async function statusOf({ port }: Child): Promise<Status> {
  const response = await fetch(`http://127.0.0.1:${port}/health/ready`)
  const status = { ...((await response.json()) as Status), isReady: response.ok }
  if (status.isReady !== (status.notReady.length === 0))
    throw new Error(`It is ${status.isReady ? '' : 'not '}ready, and says why not: [${status.notReady}].`)
  return status
}

/** A counter of the process, as Prometheus would read it. */
export async function counterOf({ port }: Child, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1])
}

export async function until(
  what: string,
  condition: () => Promise<boolean>,
  withinMs = 45_000,
): Promise<void> {
  const deadlineMs = performance.now() + withinMs
  let isSo = false
  let cause: unknown
  while (!isSo) {
    try {
      isSo = await condition()
    } catch (error) {
      cause = error // a broker that was just killed or frozen does not answer at once
    }
    if (!isSo && performance.now() > deadlineMs)
      throw new Error(`It did not happen within ${withinMs} ms: ${what}.`, { cause })
    if (!isSo) await sleep(100)
  }
}

/** Numbers in [0, 1) that a seed determines (mulberry32). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

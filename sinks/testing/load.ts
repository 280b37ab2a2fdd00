// A seeded load for tests of the sink: events of every topic, with revisions, duplicates, and transactions of which some
// are aborted, as the stages would write them.
import rdkafka, {
  type LibrdKafkaError,
  type Producer,
  type ProducerGlobalConfig,
  type ProducerTopicConfig,
} from 'node-rdkafka'
import type { Codecs } from '../../schemas/codec.ts'
import type { Reading, TopicValues } from '../../schemas/generated/types.ts'
import { derivedId } from '../../schemas/identity.ts'
import { topicName } from '../../schemas/topics.ts'
import type { LogTopic, SinkTopic } from '../rows.ts'

export type LoadEvent = { [T in SinkTopic]: { topic: T; key: string; value: TopicValues[T] } }[SinkTopic]

/** Mulberry32: the same seed gives the same load. */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const organizationId = derivedId('organization', 'load')
const UNITS = 20
/** Few, so that a load of some thousands has many records. */
const CARRIED_TOGETHER = 4
const STEP_MS = 7_919
/** So that a load of some thousands crosses the border of two months. */
export const loadStartMs = Date.UTC(2026, 0, 31, 20)

export function reading(index: number, change: Partial<Reading> = {}): Reading {
  const unitId = derivedId('unit', index % UNITS)
  return {
    unitId,
    organizationId,
    deviceId: derivedId('device', index % UNITS),
    devEui: 'A84041000000000A',
    kind: 'temperature',
    recordedAt: loadStartMs + index * STEP_MS,
    receivedAt: loadStartMs + index * STEP_MS + 250,
    temperature: (index % 170) / 10 - 3,
    humidity: index % 3 === 0 ? null : 40 + (index % 50),
    doorOpen: index % 5 === 0 ? index % 2 === 0 : null,
    ...{
      doorOpenCount: null,
      lastOpenSeconds: null,
      batteryPercent: null,
      batteryVolts: 3 + (index % 10) / 16,
    },
    ...{ rssi: -60 - (index % 60), snr: 7.5, gatewayId: index % 4 === 0 ? null : `gateway-${index % 7}` },
    ...{
      fault: false,
      history: index % 11 === 0,
      simulated: index % 97 === 0,
      decoder: 'lht65',
      decoderVersion: 1,
    },
    ...change,
  }
}

type OfUnit = { unitId: string; organizationId: string; revision: number }
type Revised = OfUnit & { id: string }

/** Event number `index` of the load: mostly a reading alone, now and then something of each other topic beside it. */
export function loadEvent(index: number, random: () => number): LoadEvent[] {
  const own = reading(index)
  const { unitId, recordedAt: at } = own
  const ofUnit = { unitId, organizationId, revision: 1 + Math.floor(random() * 5) }
  const revised = { ...ofUnit, id: derivedId('episode', unitId, Math.floor(index / 60)) }
  const first: LoadEvent = { topic: 'readings', key: unitId, value: own }
  const besides = [
    (): LoadEvent => ({ topic: 'excursions', key: unitId, value: excursion(revised, at) }),
    (): LoadEvent => ({ topic: 'door-events', key: unitId, value: doorEvent(revised, own) }),
    (): LoadEvent => ({ topic: 'door-openings', key: unitId, value: doorOpening(revised) }),
    (): LoadEvent => ({ topic: 'silences', key: unitId, value: silence(revised) }),
    (): LoadEvent => ({ topic: 'unit-status', key: unitId, value: unitStatus(revised) }),
    (): LoadEvent => ({ topic: 'alerts', key: unitId, value: alert(revised) }),
    (): LoadEvent => ({ topic: 'budgets', key: unitId, value: budget(revised) }),
    (): LoadEvent => ({ topic: 'gateway-incidents', key: unitId, value: gatewayIncident(revised) }),
    (): LoadEvent => ({ topic: 'rollups', key: unitId, value: rollup(ofUnit, at) }),
    (): LoadEvent => ({ topic: 'rollups', key: unitId, value: rollup(ofUnit, at) }),
    (): LoadEvent => ({ topic: 'late-readings', key: unitId, value: lateReading(own) }),
    (): LoadEvent => ({ topic: 'quarantine', key: unitId, value: quarantined(revised, own) }),
    (): LoadEvent => ({ topic: 'dead-letters', key: unitId, value: deadLetter(index, at) }),
    // The same identity again with another value: the first in the log stays.
    (): LoadEvent => ({ topic: 'readings', key: unitId, value: { ...own, temperature: 99 } }),
  ]
  const beside = besides[Math.floor(random() * 28)]
  return beside === undefined ? [first] : [first, beside()]
}

// Every revision has its own content, so that a wrong one shows.

const doorEvent = (revised: Revised, { deviceId, recordedAt }: Reading) => ({
  ...revised,
  ...{ retracted: false, deviceId, recordedAt, doorOpen: true, durationSeconds: revised.revision },
})

const doorOpening = (revised: Revised) => ({
  ...revised,
  ...({ state: 'open', inferred: false, openedAt: revised.revision, closedAt: null } as const),
  ...{ durationSeconds: null, warningAt: null, criticalAt: null },
})

const silence = (revised: Revised) => ({
  ...revised,
  ...({ state: 'retracted', startedAt: 0, detectedAt: revised.revision, warningAt: null } as const),
  ...{ criticalAt: null, endedAt: null, durationSeconds: null, missedCheckins: null },
})

const unitStatus = (revised: Revised) => ({
  ...revised,
  ...({ retracted: false, at: revised.revision, status: 'ok', causeId: null } as const),
})

const alert = (revised: Revised) => ({
  ...revised,
  ...({ status: 'active', alertType: 'alarm_active', severity: 'warning', causeId: revised.id } as const),
  ...{ causeStartedAt: 0, deviceId: null, reason: null, triggeredAt: revised.revision, resolvedAt: null },
  ...{ escalatedAt: Array.from({ length: revised.revision }, (_, i) => i), acknowledgedAt: null },
})

const budget = (revised: Revised) => ({
  ...revised,
  ...({ state: 'open', name: 'warm', side: 'above', limit: 8, over: 'day', lot: null } as const),
  ...{ budgetSeconds: 3_600, startedAt: 0, exceededAt: 0, endedAt: null, usedSeconds: revised.revision },
})

const gatewayIncident = ({ id, unitId, revision }: Revised) => ({
  ...{ id, gatewayKey: `${organizationId}/gateway-1`, gatewayId: 'gateway-1', organizationId, revision },
  ...({ state: 'open', startedAt: 0, detectedAt: revision, endedAt: null } as const),
  ...{ unitIds: [unitId], silenceIds: [] },
})

const lateReading = ({ unitId, deviceId, recordedAt }: Reading) => ({
  ...{ unitId, organizationId, deviceId, recordedAt, receivedAt: recordedAt, hourStart: 0 },
})

const quarantined = ({ id, unitId }: Revised, { devEui }: Reading) => ({
  ...{ id, unitId, organizationId, deviceId: null, devEui, recordedAt: 0, receivedAt: 0 },
  ...({
    reason: 'conflict',
    explanation: 'ünicode',
    temperature: 1,
    humidity: null,
    doorOpen: null,
  } as const),
  ...{ sessionKeyId: null, fCnt: 2 ** 31, brandId: 'dragino', modelId: 'lht65' },
})

const deadLetter = (index: number, at: number) => ({
  ...{ code: 'X', explanation: 'x', source: 'demo', partition: null, offset: null, failedAt: at, key: null },
  ...{ value: Buffer.from([index & 255, index >>> 8]), headers: { a: 'b' } },
})

const excursion = (revised: Revised, at: number) => ({
  ...revised,
  ...({ state: 'closed', direction: 'high' } as const),
  ...{ startedAt: hourOf(at), confirmedAt: null, criticalAt: null, endedAt: null },
  ...{
    peak: revised.revision,
    min: 8,
    max: 9,
    count: revised.revision,
    durationSeconds: null,
    knownSeconds: 60,
  },
  ...{ hasUnknown: false, degreeMinutes: revised.revision / 3, asOf: revised.revision },
})

const rollup = (ofUnit: OfUnit, at: number) => ({
  ...ofUnit,
  granularity: 'hour' as const,
  ...{ start: hourOf(at), end: hourOf(at) + HOUR_MS, retracted: false, isFinal: false },
  ...{
    asOf: ofUnit.revision,
    count: ofUnit.revision,
    min: 1,
    max: 2,
    sum: 3,
    sumSquares: 5,
    knownSeconds: 60,
  },
  ...{ weightedSum: 180, mktNumerator: 1e-16, mktDenominator: 60, secondsAbove: 0, secondsBelow: 0 },
  ...{
    degreeMinutesAbove: 0,
    degreeMinutesBelow: 0,
    readingsOutOfRange: 0,
    doorOpenings: 0,
    doorOpenSeconds: 0,
  },
  ...{ humidityCount: 0, humiditySum: 0, humidityMin: null, humidityMax: null },
})

const HOUR_MS = 3_600_000
const hourOf = (ms: number) => Math.floor(ms / HOUR_MS) * HOUR_MS

type Settings = { global: ProducerGlobalConfig; topic: ProducerTopicConfig }
/** `settings`: of a transactional producer. */
type Target = { settings: Settings; prefix: string; codecs: Codecs }

/** Writes events in transactions; `abort` gives up what was written since the last commit. */
export class LoadWriter {
  readonly #producer: Producer
  readonly #target: Target
  readonly #readings = new Map<string, { key: string; value: Buffer }[]>()
  #isOpen = false

  private constructor(producer: Producer, target: Target) {
    this.#producer = producer
    this.#target = target
  }

  static async open(target: Target): Promise<LoadWriter> {
    const producer = new rdkafka.Producer(target.settings.global, target.settings.topic)
    producer.setPollInterval(50)
    const writer = new LoadWriter(producer, target)
    await new Promise<void>((resolve, reject) => {
      producer.connect({ timeout: 10_000 }, (error) => (error ? reject(error) : resolve()))
    })
    await writer.#ask((done) => producer.initTransactions(10_000, done))
    return writer
  }

  /** Readings travel by their carrier, some of a unit together. */
  async write(event: LoadEvent): Promise<void> {
    const { topic, key } = event
    const value = this.#target.codecs.of(topic).encode(event.value as never)
    if (topic !== 'readings') return this.writeBytes(topic, key, value)
    const items = this.#readings.get(key) ?? []
    this.#readings.set(key, [...items, { key, value }])
    if (items.length + 1 >= CARRIED_TOGETHER) await this.#writeReadings(key)
  }

  async #writeReadings(key: string): Promise<void> {
    const items = this.#readings.get(key) ?? []
    this.#readings.delete(key)
    await this.writeBytes('reading-batches', key, this.#target.codecs.of('reading-batches').encode({ items }))
  }

  async writeBytes(topic: LogTopic, key: string, value: Buffer): Promise<void> {
    if (!this.#isOpen) await this.#ask((done) => this.#producer.beginTransaction(done))
    this.#isOpen = true
    this.#producer.produce(topicName(this.#target.prefix, topic), null, value, key)
  }

  async commit(): Promise<void> {
    for (const key of [...this.#readings.keys()]) await this.#writeReadings(key)
    if (this.#isOpen) await this.#ask((done) => this.#producer.commitTransaction(10_000, done))
    this.#isOpen = false
  }

  /** What was written is in the log, and no reader of committed records sees it. */
  async abort(): Promise<void> {
    for (const key of [...this.#readings.keys()]) await this.#writeReadings(key)
    if (!this.#isOpen) return
    await this.#ask((done) => this.#producer.flush(10_000, done as never))
    await this.#ask((done) => this.#producer.abortTransaction(10_000, done))
    this.#isOpen = false
  }

  /** Events `from` to `to`, in transactions of some hundreds; what was aborted is not written again. */
  async writeLoad(seed: number, from: number, to: number): Promise<void> {
    const random = seeded(seed)
    let open = 0
    for (let index = from; index < to; index++) {
      for (const event of loadEvent(index, random)) await this.write(event)
      if (++open < 100 + (index % 150)) continue
      open = 0
      await (index % 7 === 3 ? this.abort() : this.commit())
    }
    await this.commit()
  }

  async close(): Promise<void> {
    await new Promise<void>((resolve) => this.#producer.disconnect(5_000, () => resolve()))
  }

  #ask(call: (done: (error: LibrdKafkaError) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      call((error) => (error ? reject(error) : resolve()))
    })
  }
}

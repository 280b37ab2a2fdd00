// The engine: one task runs one stage over one partition. It is pure: no I/O, no clock of its own; records and time
// come in, and what a commit must write comes out. The test driver, `dry-run` and the Kafka runtime all use it.
//
// A transaction is: `take` records, `settle` once at the clock, write `outputs`, then `fold` (committed) or `revert`
// (aborted: it returns the records, which are to be taken again).
import { type Codecs, HEADER_BYTES, type Reader, UnlearnedSchema } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'
import { keyText } from '../schemas/known-texts.ts'
import type { TopicName } from '../schemas/topics.ts'
import { CarriedItems, type Carrier } from './carrier.ts'
import type { Stage } from './define.ts'
import { OutputLog } from './output-log.ts'
import { asFailure, deadLetter, type InputRecord } from './records.ts'
import { readersFor } from './stage-readers.ts'
import { Store, stateLoader } from './store.ts'
import { bytesOf, letterOf } from './taken-bytes.ts'
import { type Taken, TakenLog, WHOLE } from './taken-log.ts'
import { Timers } from './timers.ts'

type EmitAny = (topic: TopicName, key: string, value: unknown) => void

/** Of committed transactions. */
export type TaskCounts = { taken: number; deadLetters: number }

const NOTHING = Buffer.alloc(0)

const discard: EmitAny = () => {}

function keyOf({ topic, key }: InputRecord): string {
  if (key === null) throw new PipelineError('RECORD_WITHOUT_KEY', { topic })
  return keyText(key, 0, key.length)
}

export class Task {
  readonly stage: Stage
  readonly partition: number
  readonly counts: TaskCounts = { taken: 0, deadLetters: 0 }
  /** Highest event time that a record of the stream has carried, UTC ms; 0: none yet. */
  eventTimeMs = 0
  /** The next offset of its changelog that it lacks: a standby copy has some of it already. */
  restoredTo = 0
  readonly #codecs: Codecs
  readonly #readers: ReadonlyMap<TopicName, Reader<unknown>>
  readonly #nowMs: () => number
  readonly #store: Store
  readonly #timers = new Timers()
  /** What the open transaction has made. */
  readonly outputs = new OutputLog()
  #committedEventTimeMs = 0
  readonly #taken = new TakenLog()
  readonly #items = new CarriedItems()
  #currentKey = ''
  #currentCauseMs = Number.POSITIVE_INFINITY
  #writtenMs = 0
  #committedWrittenMs = 0
  #deadLetters = 0

  /** `nowMs` only dates dead letters. */
  constructor(stage: Stage, partition: number, codecs: Codecs, nowMs: () => number) {
    this.stage = stage
    this.partition = partition
    this.#codecs = codecs
    this.#readers = readersFor(stage, codecs)
    this.#nowMs = nowMs
    this.#store = new Store(stateLoader(stage.processor, codecs.of(stage.changelog)))
  }

  get keys(): number {
    return this.#store.size
  }

  get nextTimerMs(): number {
    return this.#timers.nextMs
  }

  /** The latest instant at which a record of the stream was written that has been taken, UTC ms; 0: none yet. */
  get writtenMs(): number {
    return this.#writtenMs
  }

  /** Records taken since the last commit. */
  get takenRecords(): number {
    return this.#taken.count
  }

  /** Takes a record of the changelog; null deletes the key. */
  restore(key: string, value: Buffer | null): void {
    this.#store.restore(key, value)
  }

  /** After the changelog has been read. Throws `UnlearnedSchema`: learn it and call again. */
  startTimers(): void {
    if (this.stage.processor.timers === 'none') return
    this.#timers.start(this.#restoredTimers())
  }

  *#restoredTimers(): Generator<[string, number]> {
    for (const [key, committed] of this.#store.entries()) yield [key, this.#restoredTimer(key, committed)]
  }

  #restoredTimer(key: string, committed: Buffer): number {
    const { processor, changelog } = this.stage
    if (processor.timers === 'kept') {
      const keptMs = this.#codecs.of(changelog).first(committed)
      // A record of an earlier release has none.
      if (keptMs !== undefined) return (keptMs as number | null) ?? Number.POSITIVE_INFINITY
    }
    return processor.nextTimerMs(this.#store.peek(key))
  }

  /** Throws `UnlearnedSchema`, with nothing changed: learn it and take the record again. */
  take(record: InputRecord): void {
    const { topic } = record
    if (this.#carries(topic)) {
      this.#takeBatch(record, topic)
      return
    }
    let key: string
    let value: unknown
    try {
      key = keyOf(record)
      const bytes = record.value ?? NOTHING
      value = this.#read(topic, bytes, 0, bytes.length)
    } catch (error) {
      this.#refuse(record, error)
      return
    }
    this.#cameFrom(record)
    this.#takeValue(record, key, value, WHOLE, WHOLE)
  }

  /** Puts a record into dead-letters, whole, with the reason. */
  reject(record: InputRecord, error: unknown): void {
    this.#cameFrom(record)
    this.#reject({ source: record, key: null, from: WHOLE, to: WHOLE }, error)
  }

  #refuse(record: InputRecord, error: unknown): void {
    if (error instanceof UnlearnedSchema) throw error
    this.reject(record, error)
  }

  #carries(topic: TopicName): topic is Carrier {
    return topic === this.stage.carrier && topic !== this.stage.stream
  }

  /** All of a batch or nothing: whether each schema is known is looked up before the first value changes anything. */
  #takeBatch(source: InputRecord, topic: Carrier): void {
    const items = this.#items
    try {
      keyOf(source)
      items.fill(topic, source.value ?? NOTHING, this.#codecs)
    } catch (error) {
      this.#refuse(source, error)
      return
    }
    for (let at = 0; at < items.count; at++) this.#lookUpSchema(items, items.fromAt(at), items.toAt(at))
    this.#cameFrom(source)
    for (let at = 0; at < items.count; at++)
      this.#takeItem(source, items, items.keyAt(at), items.fromAt(at), items.toAt(at))
  }

  #lookUpSchema({ bytes }: CarriedItems, from: number, to: number): void {
    const { stream } = this.stage
    const isFramed = to >= from + HEADER_BYTES
    if (isFramed && bytes.readUInt32BE(from + 1) === this.#codecs.of(stream).schemaId) return
    try {
      this.#read(stream, bytes, from, to)
    } catch (error) {
      if (error instanceof UnlearnedSchema) throw error
    }
  }

  #takeItem(source: InputRecord, { bytes }: CarriedItems, key: string, from: number, to: number): void {
    let value: unknown
    try {
      value = this.#read(this.stage.stream, bytes, from, to)
    } catch (error) {
      this.#reject({ source, key, from, to }, error)
      return
    }
    this.#takeValue(source, key, value, from, to)
  }

  #reject(taken: Taken, error: unknown): void {
    const letter = letterOf(taken, this.#codecs)
    this.#taken.add(taken.source, null, taken.from, taken.to)
    this.#emitDeadLetter(letter, error)
  }

  /**
   * Brings every touched key and every due timer to the clock. Once, before the outputs are written. Returns the clock up to
   * which all timers have fired: with more than `timersMax` due, an earlier one, and the rest is for the next transaction.
   */
  settle(clockMs: number, timersMax = Number.POSITIVE_INFINITY): number {
    this.#currentCauseMs = Number.POSITIVE_INFINITY
    const due = this.#timers.due(clockMs, timersMax)
    for (const key of due) this.#store.touch(key)
    for (const key of this.#store.touchedKeys()) {
      const mark = this.outputs.count
      try {
        this.#settleKey(key, clockMs, this.#emit)
      } catch (error) {
        this.outputs.truncate(mark)
        this.#isolate(key, clockMs, error)
      }
    }
    return due.length < timersMax ? clockMs : Math.min(clockMs, this.#timers.nextMs - 1)
  }

  /** The transaction is committed. */
  fold(): void {
    this.counts.taken += this.#taken.count
    this.counts.deadLetters += this.#deadLetters
    this.#keepStates()
    this.#store.fold()
    this.#timers.fold()
    this.#committedEventTimeMs = this.eventTimeMs
    this.#committedWrittenMs = this.#writtenMs
    this.#clear()
  }

  /** The transaction is aborted: everything is as after the last commit. Returns its records, to be taken again. */
  revert(): InputRecord[] {
    const records = this.#taken.sources()
    this.#store.revert()
    this.#timers.revert()
    this.eventTimeMs = this.#committedEventTimeMs
    this.#writtenMs = this.#committedWrittenMs
    this.#clear()
    return records
  }

  #keepStates(): void {
    const { outputs, stage } = this
    for (let at = 0; at < outputs.count; at++)
      if (outputs.topicAt(at) === stage.changelog) this.#store.restore(outputs.keyAt(at), outputs.valueAt(at))
  }

  #clear(): void {
    this.#taken.clear()
    this.#items.clear()
    this.outputs.clear()
    this.#deadLetters = 0
  }

  /**
   * Several writers' clocks may differ: within a partition, what comes later was written later. A table's record, which may
   * have been written long after the stream's next one, says nothing of the stream.
   */
  #cameFrom({ topic, writtenMs }: InputRecord): void {
    if (topic === this.stage.carrier) this.#writtenMs = Math.max(this.#writtenMs, writtenMs)
    this.#currentCauseMs = this.#writtenMs
  }

  #read(topic: TopicName, bytes: Buffer, from: number, to: number): unknown {
    const reader = this.#readers.get(topic)
    if (reader === undefined) throw new Error(`Stage ${this.stage.name} does not read ${topic}.`)
    return reader(bytes, from, to)
  }

  /** No `Taken`: there is one of everything for each record. */
  #takeValue(source: InputRecord, key: string, value: unknown, from: number, to: number): void {
    const topic = from === WHOLE ? source.topic : this.stage.stream
    const mark = this.outputs.count
    try {
      this.#apply(key, topic, value, this.#emit)
    } catch (error) {
      this.outputs.truncate(mark)
      this.#rebuild(key, this.#takenOf(key), discard)
      this.#reject({ source, key, from, to }, error)
      return
    }
    this.#taken.add(source, key, from, to)
  }

  #apply(key: string, topic: TopicName, value: unknown, emit: EmitAny): void {
    const { processor, stream } = this.stage
    const input = { topic, value } as Parameters<typeof processor.onRecord>[1]
    this.#currentKey = key
    processor.onRecord(this.#store.touch(key), input, emit)
    if (topic !== stream) return
    const eventTimeMs = processor.eventTimeMs(input)
    if (eventTimeMs !== null && eventTimeMs > this.eventTimeMs) this.eventTimeMs = eventTimeMs
  }

  #settleKey(key: string, clockMs: number, emit: EmitAny): void {
    const { processor, changelog } = this.stage
    const state = this.#store.touch(key)
    this.#currentKey = key
    processor.settle(state, clockMs, emit)
    const nextMs = processor.nextTimerMs(state)
    this.#save(key, changelog, processor.save(state))
    this.#timers.set(key, nextMs)
  }

  /** A state that is as committed needs no record. */
  #save(key: string, changelog: TopicName, saved: unknown): void {
    const { outputs, partition } = this
    const mark = outputs.count
    const made = { topic: changelog, key, partition, causeMs: this.#currentCauseMs, owner: key }
    outputs.add(made, this.#codecs.of(changelog), saved as never)
    if (this.#store.committed(key)?.equals(outputs.valueAt(mark))) outputs.truncate(mark)
  }

  // Failures. Nothing is copied while all goes well: a key is brought back by loading its committed state and applying
  // those of its records again that are sound; the transaction's records are kept for an abort anyway.

  /**
   * Settling a key failed: finds the records of the transaction that make it fail, and goes on without them. Trying
   * prefixes is quadratic, but only in the records of one key and commit, and only after a defect.
   */
  #isolate(key: string, clockMs: number, error: unknown): void {
    const sound: Taken[] = []
    const guilty: [number, unknown][] = []
    for (const at of this.#taken.placesOf(key)) {
      const taken = this.#taken.at(at)
      const failure = this.#failureOf(key, [...sound, taken], clockMs)
      if (failure === null) sound.push(taken)
      else guilty.push([at, failure.error])
    }
    this.outputs.dropOf(key)
    for (const [at, why] of guilty) {
      const letter = letterOf(this.#taken.at(at), this.#codecs)
      this.#taken.refuse(at)
      this.#emitDeadLetter(letter, why)
    }
    if (sound.length > 0 || this.#survives(key, clockMs)) {
      this.#rebuild(key, sound, this.#emit)
      this.#settleKey(key, clockMs, this.#emit)
    } else this.#restTimer(key, error, guilty.length > 0)
  }

  #survives(key: string, clockMs: number): boolean {
    return this.#store.committed(key) !== null && this.#failureOf(key, [], clockMs) === null
  }

  #failureOf(key: string, taken: readonly Taken[], clockMs: number): { error: unknown } | null {
    const mark = this.outputs.count
    try {
      this.#rebuild(key, taken, discard)
      this.#settleKey(key, clockMs, discard)
      return null
    } catch (error) {
      return { error }
    } finally {
      this.outputs.truncate(mark)
    }
  }

  /** Even the committed state cannot be settled, and its timer would fail for ever: it rests until the next record. */
  #restTimer(key: string, error: unknown, isReported: boolean): void {
    const value = this.#store.committed(key)
    this.#store.revertKey(key)
    this.#timers.set(key, Number.POSITIVE_INFINITY)
    if (isReported) return
    const { changelog: topic } = this.stage
    const state = { topic, partition: this.partition, offset: -1, key: Buffer.from(key), value }
    this.#emitDeadLetter({ ...state, writtenMs: 0, headers: () => ({}) }, error)
  }

  /** Makes the key what it is after these records of the transaction and no others. */
  #rebuild(key: string, taken: readonly Taken[], emit: EmitAny): void {
    this.#store.revertKey(key)
    for (const one of taken) {
      const topic = one.from === WHOLE ? one.source.topic : this.stage.stream
      const value = bytesOf(one, this.#codecs)
      this.#apply(key, topic, this.#read(topic, value, 0, value.length), emit)
    }
  }

  #takenOf(key: string): Taken[] {
    return this.#taken.placesOf(key).map((at) => this.#taken.at(at))
  }

  readonly #emit: EmitAny = (topic, key, value) => {
    this.#add(topic, key, this.#currentKey, value)
  }

  #emitDeadLetter(record: InputRecord, error: unknown): void {
    this.#deadLetters++
    const letter = deadLetter(record, asFailure(error, this.stage.name), this.#nowMs())
    this.#add('dead-letters', record.key?.toString() ?? '', null, letter)
  }

  #add(topic: TopicName, key: string, owner: string | null, value: unknown): void {
    const made = { topic, key, partition: null, causeMs: this.#currentCauseMs, owner }
    this.outputs.add(made, this.#codecs.of(topic), value as never)
  }
}

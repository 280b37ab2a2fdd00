// Records on their way into one transaction: encoded as they come, one COPY input for each table, with the offsets that
// the transaction moves to. A record that cannot become a row becomes a dead letter in the same batch.
import { type Codecs, schemaText, UnlearnedSchema } from '../schemas/codec.ts'
import { type FailureCode, PipelineError } from '../schemas/failure.ts'
import type { DeadLetter } from '../schemas/generated/types.ts'
import { type Carried, carriedIn } from './carried.ts'
import { CopyBuffer, RowRefused } from './copy-binary.ts'
import { type EventTopic, eventOf, events } from './events.ts'
import { KeptRecords } from './kept-records.ts'
import { eventsByDay, type Period, PeriodSet, readingsByMonth } from './partitions.ts'
import {
  deadLetters,
  type LogTopic,
  type Place,
  readingColumns,
  type SinkTopic,
  sinkTables,
  type TableRows,
} from './rows.ts'
import { RowTranscoder } from './transcode.ts'

export type SinkRecord = Place & {
  name: LogTopic
  timestampMs: number
  key: Buffer | null
  value: Buffer | null
  refusal?: Refusal
  /** Of a batch of readings: those that Postgres did not take, by their index. */
  refusedReadings?: ReadonlyMap<number, Refusal>
}

export type OffsetRange = { topic: string; partition: number; first: number; next: number }

/** Why a record is taken as a dead letter from the start: an unknown schema, or a row that Postgres did not take. */
export type Refusal = { code: FailureCode; reason: string }

/** Dead letters may be as large as a record of Kafka; rows are small. */
const BYTES_MAX = 32 * 1024 * 1024

const FRAME_BYTES = 5
const nothing = Buffer.alloc(0)
const whole = (bytes: Buffer): Carried => ({ bytes, from: 0, to: bytes.length })

/** The schema is that of a reading inside of a batch. */
export class UnlearnedReading extends UnlearnedSchema {}

/** Throws whatever is no fault of the record. */
function refusalOf(error: unknown): Refusal {
  if (error instanceof RowRefused) return { code: 'ROW_REFUSED', reason: error.message }
  if (error instanceof PipelineError && error.verdict === 'dead-letter')
    return { code: error.code, reason: error.message }
  throw error
}

const transcoders = new WeakMap<Codecs, RowTranscoder>()

/** Readings are most of what the sink writes, so they have a way of their own. */
function transcoderOf(codecs: Codecs): RowTranscoder {
  const known = transcoders.get(codecs)
  if (known !== undefined) return known
  const kinds = Object.entries(readingColumns).map(([field, [, kind]]) => [field, kind] as const)
  const { schemaId } = codecs.of('readings')
  const schema = JSON.parse(schemaText('readings'))
  const made = new RowTranscoder(schemaId, schema, Object.fromEntries(kinds), 'recordedAt')
  transcoders.set(codecs, made)
  return made
}

export class Batch {
  readonly tables = new Map<TableRows<never>, CopyBuffer>()
  readonly #kept = new KeptRecords()
  readonly #ranges: OffsetRange[] = []
  #range: OffsetRange | undefined
  readonly #months = new PeriodSet(readingsByMonth)
  readonly #days = new PeriodSet(eventsByDay)
  readonly #addMonth = (ms: number) => this.#months.add(ms)
  readonly #codecs: Codecs
  readonly #transcoder: RowTranscoder
  deadLetters = 0
  #bytes = 0

  constructor(codecs: Codecs) {
    this.#codecs = codecs
    this.#transcoder = transcoderOf(codecs)
  }

  /** How many records it has. */
  get size(): number {
    return this.#kept.length
  }

  /** How many rows they have become. */
  get rows(): number {
    let rows = 0
    for (const buffer of this.tables.values()) rows += buffer.rows
    return rows
  }

  /** Made anew at each call: for when the batch must be taken apart. */
  records(): SinkRecord[] {
    return this.#kept.all()
  }

  /** Of the readings. */
  get months(): ReadonlySet<Period> {
    return this.#months.periods
  }

  /** Of the events. */
  get days(): ReadonlySet<Period> {
    return this.#days.periods
  }

  get ranges(): readonly OffsetRange[] {
    return this.#ranges
  }

  isFull(rowsMax: number): boolean {
    return this.rows >= rowsMax || this.#bytes >= BYTES_MAX
  }

  /** Throws UnlearnedSchema, and then has taken nothing of the record: learn the schema and add it again. */
  add(record: SinkRecord): void {
    if (record.refusal === undefined) this.#addRow(record)
    else this.#addDeadLetter(record, record.refusal.code, record.refusal.reason)
    this.#kept.add(record)
    this.#bytes += record.value?.length ?? 0
    this.#moveOn(record)
  }

  /** Records of one partition come in runs. */
  #moveOn({ topic, partition, offset }: SinkRecord): void {
    const isOf = (range: OffsetRange) => range.partition === partition && range.topic === topic
    if (this.#range === undefined || !isOf(this.#range)) this.#range = this.#ranges.find(isOf)
    if (this.#range !== undefined) this.#range.next = offset + 1
    else {
      this.#range = { topic, partition, first: offset, next: offset + 1 }
      this.#ranges.push(this.#range)
    }
  }

  #addRow(record: SinkRecord): void {
    const { name, value } = record
    try {
      if (name === 'readings') this.#addReading(record, whole(value ?? nothing))
      else if (name === 'reading-batches') this.#addCarried(record, carriedIn(value ?? nothing, this.#codecs))
      else this.#addDecoded(name, record, value ?? nothing)
    } catch (error) {
      const { code, reason } = refusalOf(error)
      this.#addDeadLetter(record, code, reason)
    }
  }

  #addDecoded(name: SinkTopic, record: SinkRecord, bytes: Buffer): void {
    const value = this.#codecs.of(name).decode(bytes) as never
    const event = eventOf[name as EventTopic]?.(value)
    if (event !== undefined) this.#days.add(event.occurredAt)
    this.#write(sinkTables[name] as TableRows<never>, value, record)
    if (event !== undefined) this.#write(events as TableRows<never>, event as never, record)
  }

  #addReading(record: SinkRecord, { bytes, from, to }: Carried): void {
    const table = sinkTables.readings as TableRows<never>
    if (this.#transcoder.write(bytes, this.#bufferOf(table), this.#addMonth, from, to)) return
    const value = this.#codecs.of('readings').decode(bytes.subarray(from, to))
    this.#months.add(value.recordedAt)
    this.#write(table, value as never, record)
  }

  /** Those that cannot become rows go to the dead letters as a batch of their own; the others are rows. */
  #addCarried(record: SinkRecord, carried: readonly Carried[]): void {
    this.#checkLearned(carried)
    const refused = new Map(record.refusedReadings)
    carried.forEach((item, index) => {
      try {
        if (!refused.has(index)) this.#addReading(record, item)
      } catch (error) {
        refused.set(index, refusalOf(error))
      }
    })
    const [first] = refused.values()
    if (first === undefined) return
    const { encode, decode } = this.#codecs.of('reading-batches')
    const items = decode(record.value ?? nothing).items.filter((_, index) => refused.has(index))
    const reason = `${items.length} of the ${carried.length} readings in it: ${first.reason}`
    this.#addDeadLetter({ ...record, value: encode({ items }) }, first.code, reason)
  }

  /** Before anything of the record is taken. Readings of another release are few, and only for as long as it is running. */
  #checkLearned(carried: readonly Carried[]): void {
    const { schemaId, decode } = this.#codecs.of('readings')
    for (const { bytes, from, to } of carried)
      if (to - from > FRAME_BYTES && bytes.readUInt32BE(from + 1) !== schemaId)
        try {
          decode(bytes.subarray(from, to))
        } catch (error) {
          if (error instanceof UnlearnedSchema) throw new UnlearnedReading(error.schemaId)
        }
  }

  /** At the record's own time, so that a replay writes the same row. */
  #addDeadLetter(record: SinkRecord, code: FailureCode, reason: string): void {
    const letter: DeadLetter = {
      code,
      explanation: `${reason}. The record is kept here whole; the sink went on.`.replaceAll('\0', '\\0'),
      source: record.topic,
      partition: record.partition,
      offset: record.offset,
      failedAt: record.timestampMs,
      key: record.key,
      value: record.value,
      headers: {},
    }
    this.#write(deadLetters as TableRows<never>, letter as never, record)
    this.deadLetters += 1
  }

  #bufferOf(table: TableRows<never>): CopyBuffer {
    const known = this.tables.get(table)
    if (known !== undefined) return known
    const made = new CopyBuffer()
    this.tables.set(table, made)
    return made
  }

  #write(table: TableRows<never>, value: never, place: Place): void {
    const buffer = this.#bufferOf(table)
    buffer.row(table.columns.length, (row) => table.write(row, value, place))
  }
}

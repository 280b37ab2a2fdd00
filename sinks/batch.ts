// Records on their way into one transaction: encoded as they come, one COPY input for each table, with the offsets that
// the transaction moves to. A record that cannot become a row becomes a dead letter in the same batch.
import { type Codecs, schemaText } from '../schemas/codec.ts'
import { type FailureCode, PipelineError } from '../schemas/failure.ts'
import type { DeadLetter, Reading } from '../schemas/generated/types.ts'
import { CopyBuffer, RowRefused } from './copy-binary.ts'
import { type EventTopic, eventOf, events } from './events.ts'
import { KeptRecords } from './kept-records.ts'
import { eventsByDay, type Period, PeriodSet, readingsByMonth } from './partitions.ts'
import {
  deadLetters,
  type Place,
  readingColumns,
  type SinkTopic,
  sinkTables,
  type TableRows,
} from './rows.ts'
import { RowTranscoder } from './transcode.ts'

export type SinkRecord = Place & {
  name: SinkTopic
  timestampMs: number
  key: Buffer | null
  value: Buffer | null
  refusal?: Refusal
}

export type OffsetRange = { topic: string; partition: number; first: number; next: number }

/** Why a record is taken as a dead letter from the start: an unknown schema, or a row that Postgres did not take. */
export type Refusal = { code: FailureCode; reason: string }

/** Dead letters may be as large as a record of Kafka; rows are small. */
const BYTES_MAX = 32 * 1024 * 1024

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
    return this.size >= rowsMax || this.#bytes >= BYTES_MAX
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
    const table = sinkTables[record.name] as TableRows<never>
    if (record.name === 'readings' && this.#transcode(table, record)) return
    try {
      const value = this.#codecs.of(record.name).decode(record.value ?? Buffer.alloc(0)) as never
      if (record.name === 'readings') this.#months.add((value as Reading).recordedAt)
      const event = eventOf[record.name as EventTopic]?.(value)
      if (event !== undefined) this.#days.add(event.occurredAt)
      this.#write(table, value, record)
      if (event !== undefined) this.#write(events as TableRows<never>, event as never, record)
    } catch (error) {
      if (error instanceof RowRefused) this.#addDeadLetter(record, 'ROW_REFUSED', error.message)
      else if (error instanceof PipelineError && error.verdict === 'dead-letter')
        this.#addDeadLetter(record, error.code, error.message)
      else throw error
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

  #transcode(table: TableRows<never>, { value }: SinkRecord): boolean {
    return value !== null && this.#transcoder.write(value, this.#bufferOf(table), this.#addMonth)
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

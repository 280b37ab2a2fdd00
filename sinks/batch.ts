// Records on their way into one transaction: encoded as they come, one COPY input for each table, with the offsets that
// the transaction moves to. A record that cannot become a row becomes a dead letter in the same batch.
import type { Codecs } from '../schemas/codec.ts'
import { type FailureCode, PipelineError } from '../schemas/failure.ts'
import type { DeadLetter, Reading } from '../schemas/generated/types.ts'
import { CopyBuffer, RowRefused } from './copy-binary.ts'
import { type EventTopic, eventOf, events } from './events.ts'
import { eventsByDay, type Period, PeriodSet, readingsByMonth } from './partitions.ts'
import { deadLetters, type Place, type SinkTopic, sinkTables, type TableRows } from './rows.ts'

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

export class Batch {
  readonly records: SinkRecord[] = []
  readonly tables = new Map<TableRows<never>, CopyBuffer>()
  readonly #ranges = new Map<string, OffsetRange>()
  readonly #months = new PeriodSet(readingsByMonth)
  readonly #days = new PeriodSet(eventsByDay)
  readonly #codecs: Codecs
  deadLetters = 0
  #bytes = 0

  constructor(codecs: Codecs) {
    this.#codecs = codecs
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
    return [...this.#ranges.values()]
  }

  isFull(rowsMax: number): boolean {
    return this.records.length >= rowsMax || this.#bytes >= BYTES_MAX
  }

  /** Throws UnlearnedSchema, and then has taken nothing of the record: learn the schema and add it again. */
  add(record: SinkRecord): void {
    if (record.refusal === undefined) this.#addRow(record)
    else this.#addDeadLetter(record, record.refusal.code, record.refusal.reason)
    this.records.push(record)
    this.#bytes += record.value?.length ?? 0
    const key = `${record.topic}/${record.partition}`
    const range = this.#ranges.get(key)
    if (range !== undefined) range.next = record.offset + 1
    else {
      const { topic, partition, offset } = record
      this.#ranges.set(key, { topic, partition, first: offset, next: offset + 1 })
    }
  }

  #addRow(record: SinkRecord): void {
    const table = sinkTables[record.name] as TableRows<never>
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

  #write(table: TableRows<never>, value: never, place: Place): void {
    let buffer = this.tables.get(table)
    if (buffer === undefined) {
      buffer = new CopyBuffer()
      this.tables.set(table, buffer)
    }
    buffer.row(table.columns.length, (row) => table.write(row, value, place))
  }
}

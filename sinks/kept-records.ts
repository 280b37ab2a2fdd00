// The records of a batch until it is committed, in case it must be taken apart: their bytes in one buffer, their places in
// lists of numbers. As the objects that Kafka's client made of them they would outlive the collector's young generation by
// the ten thousand, and collecting them would cost more than writing the rows.
import type { Refusal, SinkRecord } from './batch.ts'
import type { LogTopic } from './rows.ts'

type Origin = { name: LogTopic; topic: string; partition: number }

const FIRST_BYTES = 256 * 1024
/** Instead of a length, where there is no key or value. */
const NONE = -1

export class KeptRecords {
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #used = 0
  readonly #origins: Origin[] = []
  readonly #originOf: number[] = []
  readonly #offsets: number[] = []
  readonly #timestampsMs: number[] = []
  /** Where a record's key begins; its value follows. */
  readonly #starts: number[] = []
  readonly #keyLengths: number[] = []
  readonly #valueLengths: number[] = []
  readonly #refusals = new Map<number, Refusal>()
  #lastOrigin = -1

  get length(): number {
    return this.#offsets.length
  }

  add({ name, topic, partition, offset, timestampMs, key, value, refusal }: SinkRecord): void {
    if (refusal !== undefined) this.#refusals.set(this.length, refusal)
    this.#originOf.push(this.#origin(name, topic, partition))
    this.#offsets.push(offset)
    this.#timestampsMs.push(timestampMs)
    this.#starts.push(this.#used)
    this.#keyLengths.push(this.#keep(key))
    this.#valueLengths.push(this.#keep(value))
  }

  /** As they came, in views of the one buffer. */
  all(): SinkRecord[] {
    return this.#offsets.map((offset, index) => this.#recordAt(index, offset))
  }

  #recordAt(index: number, offset: number): SinkRecord {
    const origin = this.#origins[this.#originOf[index] ?? 0]
    if (origin === undefined) throw new Error(`record ${index} has no origin`)
    const start = this.#starts[index] ?? 0
    const keyLength = this.#keyLengths[index] ?? NONE
    const valueLength = this.#valueLengths[index] ?? NONE
    const refusal = this.#refusals.get(index)
    return {
      ...origin,
      offset,
      timestampMs: this.#timestampsMs[index] ?? 0,
      key: this.#view(start, keyLength),
      value: this.#view(start + Math.max(0, keyLength), valueLength),
      ...(refusal === undefined ? {} : { refusal }),
    }
  }

  #view(start: number, length: number): Buffer | null {
    return length === NONE ? null : this.#bytes.subarray(start, start + length)
  }

  /** Records of one partition come in runs. */
  #origin(name: LogTopic, topic: string, partition: number): number {
    const last = this.#origins[this.#lastOrigin]
    if (last?.partition === partition && last.topic === topic) return this.#lastOrigin
    this.#lastOrigin = this.#origins.findIndex((one) => one.partition === partition && one.topic === topic)
    if (this.#lastOrigin < 0) this.#lastOrigin = this.#origins.push({ name, topic, partition }) - 1
    return this.#lastOrigin
  }

  #keep(bytes: Buffer | null): number {
    if (bytes === null) return NONE
    const end = this.#used + bytes.length
    if (end > this.#bytes.length) this.#grow(end)
    bytes.copy(this.#bytes, this.#used)
    this.#used = end
    return bytes.length
  }

  #grow(least: number): void {
    const larger = Buffer.allocUnsafeSlow(Math.max(least, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#used)
    this.#bytes = larger
  }
}

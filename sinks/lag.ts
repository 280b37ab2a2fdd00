// How far the tables are behind the topics. An end counts the control records of transactions too, which are never written:
// the lag of an idle partition is at most those at its end.
import type { Source } from './source.ts'
import { type Positions, positionKey } from './writer.ts'

const MEASURE_EVERY_MS = 5_000

export class LagMeter {
  records = 0
  readonly #source: Source
  readonly #positions: Positions
  readonly #timer: NodeJS.Timeout
  #isMeasuring = false

  constructor(source: Source, positions: Positions) {
    this.#source = source
    this.#positions = positions
    this.#timer = setInterval(() => void this.#measure(), MEASURE_EVERY_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  async #measure(): Promise<void> {
    if (this.#isMeasuring) return
    this.#isMeasuring = true
    try {
      const partitions = this.#source.assigned
      const ends = await this.#source.ends(partitions)
      this.records = partitions.reduce((sum, partition, index) => {
        const { first = 0, end = 0 } = ends[index] ?? {}
        const next = this.#positions.get(positionKey(partition)) ?? first
        return sum + Math.max(0, end - next)
      }, 0)
    } catch {
      // Kafka is away: the last figure stands.
    } finally {
      this.#isMeasuring = false
    }
  }
}

// Runs a topology, or one processor, in memory for tests: pipe records in, move time, drain what came out. No Kafka, no
// waiting; the engine is the one of production.
import { memoryRegistry, openCodecs } from '../schemas/codec.ts'
import type { TopicValues } from '../schemas/generated/types.ts'
import { type TopicName, topics } from '../schemas/topics.ts'
import { type AnyProcessor, defineTopology, type Handle, type Topology } from './define.ts'
import { type MemoryOptions, MemoryRuntime } from './memory-runtime.ts'

const codecs = await openCodecs(memoryRegistry(), '')

/** An instant as UTC ms, or as text that Date understands. */
export type Instant = number | string

const msOf = (instant: Instant): number => {
  const ms = typeof instant === 'number' ? instant : Date.parse(instant)
  if (Number.isNaN(ms)) throw new Error(`${instant} is not an instant`)
  return ms
}

/** Any processor, whatever its types. */
type SomeProcessor = { [K in keyof AnyProcessor]: K extends Described ? AnyProcessor[K] : unknown }
type Described = 'name' | 'tables' | 'streams' | 'outputs' | 'changelog'

export class TestDriver {
  readonly #runtime: MemoryRuntime
  readonly #drained = new Map<TopicName, number>()

  constructor(subject: Topology | SomeProcessor, options: Partial<MemoryOptions> = {}) {
    const topology = 'stages' in subject ? subject : alone(subject)
    this.#runtime = new MemoryRuntime(topology, codecs, options)
  }

  /** Writes the values to their topic, each under its key, and runs until all is handled. */
  pipe<N extends TopicName>(topic: N, ...values: readonly TopicValues[N][]): this {
    for (const value of values) this.#runtime.write(topic, keyOf(topic, value), value)
    this.#runtime.run()
    return this
  }

  /** Writes a record as it is: for poison. */
  pipeBytes(topic: TopicName, key: string | null, value: Buffer, headers: Record<string, string> = {}): this {
    this.#runtime.append(topic, key === null ? null : Buffer.from(key), value, () => headers)
    this.#runtime.run()
    return this
  }

  /** All partitions are caught up, and the clock says `instant`. */
  advanceTo(instant: Instant): this {
    this.#runtime.advanceTo(msOf(instant))
    return this
  }

  /** As after a kill -9: all state comes from the changelogs again. */
  restart(): this {
    this.#runtime.restart()
    return this
  }

  /** What was committed to the topic since the last call. */
  drain<N extends TopicName>(topic: N): TopicValues[N][] {
    const written = this.#runtime.written(topic)
    const from = this.#drained.get(topic) ?? 0
    this.#drained.set(topic, written.length)
    return written.slice(from).map(({ value }) => codecs.of(topic).decode(value))
  }

  /** The newest committed value of each key of the topic. */
  newest<N extends TopicName>(topic: N): Map<string, TopicValues[N]> {
    return new Map(
      this.#runtime.written(topic).map(({ key, value }) => [key, codecs.of(topic).decode(value)]),
    )
  }
}

/** The framed bytes of a value, for `pipeBytes` and for comparing. */
export const encoded = <N extends TopicName>(topic: N, value: TopicValues[N]): Buffer =>
  codecs.of(topic).encode(value)

function keyOf<N extends TopicName>(topic: N, value: TopicValues[N]): string {
  const field = topics[topic].key
  const key: unknown = (value as Record<string, unknown>)[field]
  if (typeof key !== 'string') throw new Error(`A value of ${topic} has no ${field} to be keyed by.`)
  return key
}

function alone(subject: SomeProcessor): Topology {
  const processor = subject as unknown as AnyProcessor
  return defineTopology(processor.name, ({ source, stage }) => {
    const inputs = [...processor.tables, ...processor.streams].map((topic) => [topic, source(topic)])
    stage(processor, Object.fromEntries(inputs) as Record<TopicName, Handle<TopicName>> as never)
  })
}

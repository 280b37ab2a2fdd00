// What a stage of the topology is: a pure function over all the state of one key. No clock, no I/O; the engine brings
// the records and the time, and takes the outputs. The same processor runs under Kafka, in tests and in `dry-run`.
import type { TopicValues } from '../schemas/generated/types.ts'
import type { TopicName } from '../schemas/topics.ts'

/** A record of one of the topics `T`, told apart by its topic. */
export type Input<T extends TopicName> = { [N in T]: { topic: N; value: TopicValues[N] } }[T]

/**
 * Sends a record to an output topic. The engine puts it into the transaction that also commits the input's offset. It is
 * encoded at once: what is emitted may be changed again, and must not be kept.
 */
export type Emit<T extends TopicName> = <N extends T>(topic: N, key: string, value: TopicValues[N]) => void

export type Processor<State, In extends TopicName, Out extends TopicName, Changelog extends TopicName> = {
  name: string
  /** Tables first: at a start they are read to their end before the first record of a stream. */
  tables: readonly In[]
  streams: readonly In[]
  outputs: readonly Out[]
  changelog: Changelog
  /** The fields that `onRecord` reads of a topic; the others are skipped over. Of topics that are not named here: all. */
  reads?: { readonly [N in In]?: readonly (keyof TopicValues[N] & string)[] }

  initial(key: string): State

  /** The record's event time, UTC ms; null where it moves no clock (tables). */
  eventTimeMs(input: Input<In>): number | null

  /** Takes one record of the key into `state`, which it may change in place. A throw dead-letters the record. */
  onRecord(state: State, input: Input<In>, emit: Emit<Out>): void

  /**
   * Brings the key to the clock: fires every timer at or before `clockMs` (UTC ms) and emits what has changed since
   * the last call, once. The engine calls it before each commit for every key that a record or a due timer touched.
   * A clock behind an earlier one (after a restart) undoes nothing.
   */
  settle(state: State, clockMs: number, emit: Emit<Out>): void

  /** The next instant, UTC ms, at which `settle` has something to do without a record; Infinity: none. */
  nextTimerMs(state: State): number

  /**
   * How a restore finds the timers without loading every state. `kept`: the changelog's first field is `nextTimerMs`, null
   * where there is none. `none`: there never is one. Not said: each state is loaded and asked.
   */
  timers?: 'kept' | 'none'

  /**
   * The state as its changelog record, which is good until the next is made, and back. `load(save(s))` behaves as `s` in
   * everything.
   */
  save(state: State): TopicValues[Changelog]
  load(value: TopicValues[Changelog]): State
}

// The unit stage for a dry run, in the engine that runs it under Kafka: records are taken, settled and committed the same
// way, only that nothing is written anywhere.
import type { UnitOutput } from '../../processors/ledger.ts'
import { unitStage } from '../../processors/unit-stage.ts'
import { memoryRegistry, openCodecs } from '../../schemas/codec.ts'
import type { Reading, TopicValues, UnitConfig } from '../../schemas/generated/types.ts'
import { defineTopology } from '../../topology/define.ts'
import { Task } from '../../topology/engine.ts'
import type { OutputRecord } from '../../topology/records.ts'

const codecs = await openCodecs(memoryRegistry(), '')

/** Between two commits: few enough that nothing piles up, many enough to be quick. */
export const COMMIT_RECORDS = 4_096

export type OnOutput = <N extends UnitOutput>(topic: N, value: TopicValues[N]) => void

export class UnitTask {
  readonly #task: Task
  readonly #configs = new Map<string, UnitConfig>()
  readonly #onOutput: OnOutput
  readonly #commitRecords: number
  #isLooking = false

  constructor(graceMs: number, onOutput: OnOutput, commitRecords = COMMIT_RECORDS) {
    this.#commitRecords = commitRecords
    const stage = unitStage({ graceMs })
    const looking: typeof stage = {
      ...stage,
      settle: (...args) => (this.#isLooking ? stage.look(...args) : stage.settle(...args)),
    }
    const { stages } = defineTopology('dry-run', ({ source, stage: add }) => {
      const tables = { 'unit-configs': source('unit-configs'), 'unit-entries': source('unit-entries') }
      add(looking, { ...tables, readings: source('readings') })
    })
    const [first] = stages
    if (first === undefined) throw new Error('the dry run has no stage')
    this.#task = new Task(first, 0, codecs, () => 0)
    this.#onOutput = onOutput
  }

  /** A unit's configuration; before its first reading. */
  configure(config: UnitConfig): void {
    this.#configs.set(config.unitId, config)
    this.#take('unit-configs', config)
  }

  /** Returns whether it came beyond grace. */
  take(reading: Reading): boolean {
    const { outputs } = this.#task
    const before = outputs.count
    this.#take('readings', reading)
    const isLate = outputs.count > before && outputs.topicAt(outputs.count - 1) === 'late-readings'
    // Its clock is told at the end; until then only readings move a unit on.
    if (this.#task.takenRecords >= this.#commitRecords) this.#commit(0)
    return isLate
  }

  /** Brings every unit, and all that is open in it, to the clock. */
  finish(clockMs: number): void {
    this.#commit(0)
    this.#isLooking = true
    // Said again, it changes nothing but that the engine looks at the unit.
    for (const config of this.#configs.values()) this.#take('unit-configs', config)
    this.#commit(clockMs)
  }

  #take<N extends 'unit-configs' | 'readings'>(topic: N, value: TopicValues[N]): void {
    const [key, bytes] = [Buffer.from(value.unitId), codecs.of(topic).encode(value)]
    this.#task.take({ topic, partition: 0, offset: 0, key, value: bytes, writtenMs: 0, headers: () => ({}) })
  }

  #commit(clockMs: number): void {
    this.#task.settle(clockMs)
    for (const output of this.#task.outputs.records()) this.#pass(output)
    this.#task.fold()
  }

  #pass({ topic, value }: OutputRecord): void {
    if (topic === 'dead-letters') throw new Error(codecs.of(topic).decode(value).explanation)
    if (isUnitOutput(topic)) this.#onOutput(topic, codecs.of(topic).decode(value))
  }
}

const outputs: ReadonlySet<string> = new Set(unitStage().outputs)
const isUnitOutput = (topic: string): topic is UnitOutput => outputs.has(topic)

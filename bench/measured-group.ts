// The processes under measurement, asked and added up as if they were one: `--threads` of them.

import type { ProcessConfig } from '../topology/main.ts'
import type { BenchEngines } from './engines.ts'
import { MeasuredChild } from './measured-child.ts'
import type { Ask, Progress } from './measured-process.ts'

export type Cost = {
  threads: Record<string, number>
  phases: Record<string, number>
  commitsMs: number[]
}
export type Totals = Record<
  'restoredRecords' | 'restoreMs' | 'rssBytes' | 'heapBytes' | 'externalBytes',
  number
>
/**
 * `isReady`: each has its part. `isDone`: every task has read all there is, and stands where the newest uplink is, which a later
 * stage hears in the transaction of what was made of it.
 */
export type GroupProgress = Pick<Progress, 'isReady' | 'taken' | 'keys'> & { isDone: boolean }
type Wanted = { prefix: string; threads: number; profile?: string | undefined }

const names = ['restoredRecords', 'restoreMs', 'rssBytes', 'heapBytes', 'externalBytes'] as const

export class MeasuredGroup {
  readonly #children: readonly MeasuredChild[]

  private constructor(children: readonly MeasuredChild[]) {
    this.#children = children
  }

  static async start(engines: BenchEngines, { prefix, threads, profile }: Wanted): Promise<MeasuredGroup> {
    const starting = Array.from({ length: threads }, (_, i) => {
      const config: ProcessConfig = {
        KAFKA_BROKERS: engines.kafkaBrokers,
        SCHEMA_REGISTRY_URL: engines.schemaRegistryUrl,
        TOPIC_PREFIX: prefix,
        INSTANCE: `bench-${i + 1}`,
        GRACE: 7_200_000,
        CLOCK: 'events',
        STANDBY: 'false',
        SESSION_TIMEOUT: 6_000,
        COMMIT_INTERVAL: 100,
        COMMIT_RECORDS_MAX: 200_000,
        PROCESS_PORT: 0,
        LOG_LEVEL: 'warn',
      }
      return MeasuredChild.start('measured-process.ts', { config, profile: i === 0 ? profile : undefined })
    })
    return new MeasuredGroup(await Promise.all(starting))
  }

  async progress(): Promise<GroupProgress> {
    const all = await this.#ask<Progress>('progress')
    const clocksMs = all.flatMap((one) => one.clocksMs ?? Number.NaN)
    return {
      isReady: all.every(({ isReady, tasks }) => isReady && tasks > 0),
      isDone: new Set(clocksMs).size === 1 && !Number.isNaN(clocksMs[0]),
      taken: added(all.map(({ taken }) => taken)),
      keys: added(all.map(({ keys }) => keys)),
    }
  }

  async totals(): Promise<Totals> {
    const all = await this.#ask<Totals>('totals')
    return added(all.map((one) => Object.fromEntries(names.map((name) => [name, one[name]])))) as Totals
  }

  async begin(): Promise<void> {
    await this.#ask('begin')
  }

  async cost(): Promise<Cost> {
    const all = await this.#ask<Cost>('end')
    return {
      threads: added(all.map(({ threads }) => threads)),
      phases: added(all.map(({ phases }) => phases)),
      commitsMs: all.flatMap(({ commitsMs }) => commitsMs),
    }
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    await Promise.all(this.#children.map((child) => child.end(signal)))
  }

  #ask<T>(ask: Ask): Promise<T[]> {
    return Promise.all(this.#children.map((child) => child.ask<T>(ask)))
  }
}

function added(all: readonly Record<string, number>[]): Record<string, number> {
  const sum: Record<string, number> = {}
  for (const one of all) for (const [name, value] of Object.entries(one)) sum[name] = (sum[name] ?? 0) + value
  return sum
}

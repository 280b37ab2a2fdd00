// Drives the unit stage in tests: readings in, time moved by hand, the last revision of everything out.
import type { Reading, Rule, TopicValues, UnitConfig } from '../schemas/generated/types.ts'
import type { UnitOutput } from './ledger.ts'
import { noRule } from './limits.ts'
import { type UnitOptions, type UnitStage, unitStage } from './unit-stage.ts'
import type { UnitState } from './unit-state.ts'

export const minutes = (count: number): number => count * 60_000
export const hours = (count: number): number => count * 3_600_000

/** '10:05' is that time on 2026-02-02, a Monday; anything longer is an ISO instant. */
export const at = (time: string | number): number => {
  if (typeof time === 'number') return time
  return Date.parse(/^\d\d:\d\d/.test(time) ? `2026-02-02T${time.length === 5 ? `${time}:00` : time}Z` : time)
}

export function fridge(...versions: Partial<Rule>[]): UnitConfig {
  return zoned('UTC', ...versions)
}

export const zoned = (timeZone: string, ...versions: Partial<Rule>[]): UnitConfig => ({
  unitId: 'unit',
  organizationId: 'org',
  siteId: 'site',
  timeZone,
  versions: versions.map((version) => ({ ...noRule, ...version })),
  devices: [],
})

export type Sample = { at: string | number; device?: string } & Partial<
  Omit<Reading, 'recordedAt' | 'deviceId'>
>

export const reading = ({ at: time, device = 'a', ...more }: Sample): Reading => ({
  unitId: 'unit',
  organizationId: 'org',
  deviceId: device,
  devEui: device,
  kind: null,
  recordedAt: at(time),
  receivedAt: at(time),
  temperature: null,
  humidity: null,
  doorOpen: null,
  doorOpenCount: null,
  lastOpenSeconds: null,
  batteryPercent: null,
  batteryVolts: null,
  rssi: null,
  snr: null,
  gatewayId: null,
  fault: false,
  history: false,
  simulated: false,
  decoder: 'test',
  decoderVersion: 1,
  ...more,
})

type Sent = { [N in UnitOutput]: TopicValues[N][] }

export class UnitDriver {
  state: UnitState
  readonly sent: Sent = {
    excursions: [],
    'door-events': [],
    'door-openings': [],
    silences: [],
    'gateway-silences': [],
    budgets: [],
    'unit-status': [],
    alerts: [],
    rollups: [],
    'late-readings': [],
  }
  readonly #stage: UnitStage

  constructor(config: UnitConfig | null, options?: UnitOptions) {
    this.#stage = unitStage(options)
    this.state = this.#stage.initial('unit')
    if (config !== null) this.configure(config)
  }

  configure(config: UnitConfig): this {
    this.#stage.onRecord(this.state, { topic: 'unit-configs', value: config }, this.#emit)
    return this
  }

  /** A manual log, or an acknowledgement of the alert. */
  enter(time: string | number, alertId: string | null = null): this {
    const entry = {
      unitId: 'unit',
      organizationId: 'org',
      id: `${time}`,
      at: at(time),
      alertId,
      temperature: null,
    }
    this.#stage.onRecord(this.state, { topic: 'unit-entries', value: entry }, this.#emit)
    return this
  }

  pipe(...samples: readonly Sample[]): this {
    for (const sample of samples)
      this.#stage.onRecord(this.state, { topic: 'readings', value: reading(sample) }, this.#emit)
    return this
  }

  advanceTo(time: string | number): this {
    this.#stage.settle(this.state, at(time), this.#emit)
    return this
  }

  /** Settles and lets every open integral run to the clock. */
  lookAt(time: string | number): this {
    this.#stage.look(this.state, at(time), this.#emit)
    return this
  }

  /** As after a kill -9: all state comes from the changelog again. */
  restart(): this {
    this.state = this.#stage.load(structuredClone(this.#stage.save(this.state)))
    return this
  }

  nextTimer(): number {
    return this.#stage.nextTimerMs(this.state)
  }

  /** The last revision of each, without what was retracted. */
  last<N extends UnitOutput>(topic: N): TopicValues[N][] {
    const last = new Map<string, TopicValues[N]>()
    for (const record of this.sent[topic]) last.set(identityOf(record), record)
    return [...last.values()].filter((record) => !isRetracted(record))
  }

  readonly #emit = <N extends UnitOutput>(topic: N, _key: string, value: TopicValues[N]): void => {
    const list: TopicValues[N][] = this.sent[topic]
    // As under the engine, the stage may go on to change what it has emitted.
    list.push({ ...value })
  }
}

export function identityOf(record: TopicValues[UnitOutput]): string {
  if ('id' in record) return record.id
  if ('silenceId' in record) return `${record.gatewayKey} ${record.silenceId}`
  return 'granularity' in record
    ? `${record.granularity} ${record.start}`
    : `${record.deviceId} ${record.recordedAt}`
}

export function isRetracted(record: object): boolean {
  if ('retracted' in record) return record.retracted === true
  return (
    ('state' in record && record.state === 'retracted') ||
    ('status' in record && record.status === 'retracted')
  )
}

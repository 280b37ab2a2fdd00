// Runs observations through the stages of production in one go, without Kafka: the device stage's sequence, whose
// "decoder" here is the line itself, then the unit stage in the engine. Keeps the last revision of everything.
import { digestOfText } from '../../processors/digest.ts'
import type { UnitOutput } from '../../processors/ledger.ts'
import { limitsOfVersions, noLimits, versionIndexAt } from '../../processors/limits.ts'
import { quarantined } from '../../processors/quarantine.ts'
import {
  type Accepted,
  emptySequence,
  isCopy,
  type Judged,
  judgeUplink,
  type Sequence,
  type SequenceOptions,
} from '../../processors/sequence.ts'
import { missedCheckins } from '../../processors/silence.ts'
import type {
  DeviceAssignment,
  Reading,
  Rollup,
  Silence,
  TopicValues,
  UnitConfig,
} from '../../schemas/generated/types.ts'
import { assignment, type DryRunConfig } from './config.ts'
import type { Observation } from './observations.ts'
import { COMMIT_RECORDS, type OnOutput, UnitTask } from './unit-task.ts'

export type Topic = Exclude<UnitOutput, 'gateway-silences'> | 'quarantine'
export type Value = TopicValues[Topic]

export type World = {
  clockMs: number
  /** The last revision of each record, by topic and identity; retracted ones too. */
  records: Map<Topic, Map<string, Value>>
}

/** What a unit has had, for the repair of its rollups. */
type Unit = { readings: Reading[]; hasLate: boolean }

export class DryRun {
  readonly #config: DryRunConfig
  readonly #asOfMs: number | null
  readonly #options: SequenceOptions
  readonly #sequences = new Map<string, Sequence>()
  readonly #units = new Map<string, Unit>()
  readonly #task: UnitTask
  readonly #records: World['records'] = new Map()
  #newestMs = Number.NEGATIVE_INFINITY

  /** `asOfMs` is the clock; null: the newest real reading. What is recorded after it is not known yet. */
  constructor(config: DryRunConfig, asOfMs: number | null = null, commitRecords = COMMIT_RECORDS) {
    this.#config = config
    this.#asOfMs = asOfMs
    const onOutput: OnOutput = (topic, value) => {
      if (topic !== 'late-readings' && topic !== 'gateway-silences') this.#keep(topic, value as Value)
    }
    this.#task = new UnitTask(config.graceMs, onOutput, commitRecords)
    const { clockAheadMs, retentionMonths } = config
    this.#options = { clockAheadMs, retentionMonths, identityHorizonMs: Number.POSITIVE_INFINITY }
  }

  #keep(topic: Topic, value: Value): void {
    this.#recordsOf(topic).set(identityOf(value), value)
  }

  take(observation: Observation): void {
    const { deviceId, recordedAtMs, sessionKeyId, fCnt, history } = observation
    const hasCounter = sessionKeyId !== null && !history
    const sequence = this.#sequenceOf(deviceId)
    const uplink = {
      sessionKeyId: hasCounter ? sessionKeyId : null,
      fCnt,
      recordedAtMs,
      digest: hasCounter ? 0 : digestOfLine(observation),
      receivedAtMs: observation.receivedAtMs ?? recordedAtMs,
      simulated: observation.simulated,
    }
    if (isCopy(sequence, uplink)) return
    const versions = this.#versionsOf(observation)
    for (const one of judgeUplink(sequence, this.#options, uplink, versions, [observation])) {
      if (one.reason === null) this.#takeReading(readingOf(observation, one))
      else if (one.reason === 'check-in')
        this.#takeReading(
          readingOf({ ...observation, temperature: null, humidity: null, doorOpen: null }, one),
        )
      else this.#quarantine(observation, one, one.reason)
    }
  }

  /** Brings everything to the clock. */
  finish(): World {
    const clockMs = this.#asOfMs ?? this.#newestMs
    this.#task.finish(clockMs)
    for (const [unitId, unit] of this.#units) if (unit.hasLate) this.#repairRollups(unitId, unit, clockMs)
    this.#countMissed(clockMs)
    return { clockMs, records: this.#records }
  }

  /** Of an open silence, as its duration, up to the clock. */
  #countMissed(clockMs: number): void {
    const silences = this.#recordsOf('silences') as Map<string, Silence>
    for (const [id, silence] of silences) {
      if (silence.state !== 'open') continue
      const limits = limitsOfVersions(this.#config.units.get(silence.unitId)?.versions ?? [])
      const { intervalMs } = limits[versionIndexAt(limits, clockMs)] ?? noLimits
      silences.set(id, {
        ...silence,
        missedCheckins: missedCheckins(clockMs - silence.startedAt, intervalMs),
      })
    }
  }

  #sequenceOf(deviceId: string): Sequence {
    let sequence = this.#sequences.get(deviceId)
    if (sequence === undefined) {
      sequence = emptySequence()
      this.#sequences.set(deviceId, sequence)
    }
    return sequence
  }

  #versionsOf({ deviceId, unitId }: Observation): readonly DeviceAssignment[] {
    const { devices } = this.#config
    if (devices === null) return [assignment(Number.NEGATIVE_INFINITY, unitId, null)]
    return devices.get(deviceId) ?? []
  }

  #takeReading(reading: Reading): void {
    if (reading.simulated || reading.recordedAt > (this.#asOfMs ?? Number.POSITIVE_INFINITY)) return
    const unit = this.#unitOf(reading.unitId)
    const isLate = this.#task.take(reading)
    unit.hasLate ||= isLate
    // Openings are episodes: what comes too late for them moves no sum of theirs either.
    unit.readings.push(isLate ? { ...reading, doorOpen: null } : reading)
    this.#newestMs = Math.max(this.#newestMs, reading.recordedAt)
  }

  #unitOf(unitId: string): Unit {
    let unit = this.#units.get(unitId)
    if (unit === undefined) {
      unit = { readings: [], hasLate: false }
      this.#units.set(unitId, unit)
      this.#task.configure(this.#configOf(unitId))
    }
    return unit
  }

  #configOf(unitId: string): UnitConfig {
    const { units, timeZone } = this.#config
    return (
      units.get(unitId) ?? { unitId, organizationId: '', siteId: '', timeZone, versions: [], devices: [] }
    )
  }

  /**
   * Samples beyond grace leave episodes as they are, but not the sums of their hours: rollups are made anew from all
   * stored readings, by the same fold with a grace that nothing exceeds.
   */
  #repairRollups(unitId: string, { readings }: Unit, clockMs: number): void {
    const rollups = new Map<string, Value>()
    const task = new UnitTask(Number.POSITIVE_INFINITY, (topic, value) => {
      if (topic !== 'rollups') return
      const rollup = value as Rollup
      rollups.set(identityOf(rollup), { ...rollup, isFinal: rollup.end + this.#config.graceMs <= clockMs })
    })
    task.configure(this.#configOf(unitId))
    const inOrder = readings.toSorted((a, b) => a.recordedAt - b.recordedAt || order(a.deviceId, b.deviceId))
    for (const reading of inOrder) task.take(reading)
    task.finish(clockMs)
    const all = this.#recordsOf('rollups')
    for (const [id, { unitId: owner }] of all as Map<string, Rollup>) if (owner === unitId) all.delete(id)
    for (const [id, rollup] of rollups) all.set(id, rollup)
  }

  #quarantine(observation: Observation, judged: Judged<Observation>, reason: Reason): void {
    const record = quarantineOf(observation, judged, reason)
    this.#recordsOf('quarantine').set(`${record.id}|${observation.history}`, record)
  }

  #recordsOf(topic: Topic): Map<string, Value> {
    let records = this.#records.get(topic)
    if (records === undefined) {
      records = new Map()
      this.#records.set(topic, records)
    }
    return records
  }
}

const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

function identityOf(value: Value): string {
  if ('id' in value) return value.id
  if ('granularity' in value) return `${value.unitId}|${value.granularity}|${value.start}`
  return `${value.unitId}|${value.deviceId}|${value.recordedAt}`
}

/** A sample that is replayed is one of many that its uplink carries; without a session the values stand for the payload. */
function digestOfLine({ sessionKeyId, fCnt, temperature, humidity, doorOpen, history }: Observation): number {
  if (sessionKeyId !== null) return digestOfText(`history|${sessionKeyId}|${fCnt}`)
  return digestOfText(`${temperature}|${humidity}|${doorOpen}|${history}`)
}

const readingOf = (
  observation: Observation,
  { unitId, assignment: { kind } }: Accepted<Observation>,
): Reading => ({
  unitId,
  organizationId: '',
  deviceId: observation.deviceId,
  devEui: observation.deviceId,
  kind,
  recordedAt: observation.recordedAtMs,
  receivedAt: observation.receivedAtMs ?? observation.recordedAtMs,
  temperature: observation.temperature,
  humidity: observation.humidity,
  doorOpen: observation.doorOpen,
  doorOpenCount: null,
  lastOpenSeconds: null,
  batteryPercent: null,
  batteryVolts: null,
  rssi: null,
  snr: null,
  gatewayId: null,
  fault: false,
  history: observation.history,
  simulated: observation.simulated,
  decoder: 'dry-run',
  decoderVersion: 1,
})

type Reason = Exclude<Judged<Observation>['reason'], null | 'check-in'>

/** A conflict is one in the unit that was found; what comes before that is of the unit that the line names, if any. */
const quarantineOf = (
  observation: Observation,
  { assignment: assigned }: Judged<Observation>,
  reason: Reason,
) =>
  quarantined({
    unitId: (reason === 'conflict' ? assigned?.unitId : observation.unitId) ?? null,
    organizationId: null,
    deviceId: observation.deviceId,
    devEui: observation.deviceId,
    recordedAt: observation.recordedAtMs,
    receivedAt: observation.receivedAtMs ?? observation.recordedAtMs,
    reason,
    temperature: observation.temperature,
    humidity: observation.humidity,
    doorOpen: observation.doorOpen,
    sessionKeyId: observation.sessionKeyId,
    fCnt: observation.fCnt,
    brandId: null,
    modelId: null,
    simulated: observation.simulated,
  })

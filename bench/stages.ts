// The engine alone, without Kafka: the bytes of a fleet's uplinks through both stages, in transactions of a backlog's size, to
// the bytes that a commit would write. What it costs is the JavaScript of the pipeline and its garbage; what `bench pipeline`
// costs beyond it is Kafka's client.
import { type Codecs, memoryRegistry, openCodecs } from '../schemas/codec.ts'
import type { TopicName } from '../schemas/topics.ts'
import { type CarriedBatch, CarrierWriter } from '../topology/carrier.ts'
import { Task } from '../topology/engine.ts'
import { HandedOn } from '../topology/handed-on.ts'
import type { OutputLog } from '../topology/output-log.ts'
import { partitionOfText } from '../topology/partitioner.ts'
import type { InputRecord, OutputRecord } from '../topology/records.ts'
import { topology } from '../topology/topology.ts'
import { Profile } from './cpu.ts'
import { assignmentsOf, configOf, type Fleet, INTERVAL_MS, recordedAtOf, unitsOf, uplinkOf } from './world.ts'

const PARTITIONS = 12
const START_MS = Date.UTC(2026, 9, 5)
const WARM_ROUNDS = 3
const SLICE = 1_000

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const at = (key: string): number => partitionOfText(key, PARTITIONS)
let writtenMs = 0

const record = (topic: TopicName, partition: number, key: string, value: Buffer): InputRecord => ({
  ...{ topic, partition, offset: writtenMs, key: Buffer.from(key), value: Buffer.from(value) },
  ...{ writtenMs: writtenMs++, headers: () => ({}) },
})

class Stages {
  readonly written = new Map<TopicName, { records: number; bytes: number }>()
  readonly codecs: Codecs
  readonly devices: readonly Task[]
  readonly units: readonly Task[]
  #batches: InputRecord[] = []
  #unitClockMs = 0

  constructor(codecs: Codecs) {
    this.codecs = codecs
    const tasksOf = (name: string) => {
      const stage = topology.stages.find((one) => one.name === name)
      if (stage === undefined) throw new Error(`There is no stage ${name}.`)
      return Array.from({ length: PARTITIONS }, (_, p) => new Task(stage, p, codecs, Date.now))
    }
    this.devices = tasksOf('device')
    this.units = tasksOf('unit')
  }

  /** The units take what the devices made before, as on a broker, where it is read after its commit. */
  commit(clockMs: number): void {
    for (const batch of this.#batches) this.units[batch.partition]?.take(batch)
    this.#commitOf(this.units, this.#unitClockMs)
    this.#batches = this.#commitOf(this.devices, clockMs)
    this.#unitClockMs = clockMs
  }

  #commitOf(tasks: readonly Task[], clockMs: number): InputRecord[] {
    const readings = new HandedOn()
    for (const task of tasks) {
      task.settle(clockMs)
      readings.addRun(task.outputs, this.#readingsIn(task.outputs))
    }
    const writer = new CarrierWriter('reading-batches', PARTITIONS, this.codecs)
    const batches: InputRecord[] = []
    const keep = ({ topic, partition, key, value }: CarriedBatch) =>
      batches.push(record(topic, partition, key, value))
    while (readings.next()) {
      const { log, at } = readings
      const full = writer.add({ key: log.keyAt(at), value: log.valueAt(at) })
      if (full !== null) keep(full)
    }
    for (const batch of writer.end()) keep(batch)
    for (const task of tasks) task.fold()
    return batches
  }

  #readingsIn(outputs: OutputLog): number[] {
    const places: number[] = []
    for (let at = 0; at < outputs.count; at++) {
      this.#note(outputs.at(at))
      if (outputs.topicAt(at) === 'readings') places.push(at)
    }
    return places
  }

  #note({ topic, value }: OutputRecord): void {
    const sum = this.written.get(topic) ?? { records: 0, bytes: 0 }
    this.written.set(topic, sum)
    sum.records++
    sum.bytes += value.length
  }
}

function configure({ codecs, devices, units }: Stages, count: number): void {
  for (const device of unitsOf(count)) {
    const config = configOf(device)
    const partition = at(config.unitId)
    const value = codecs.of('unit-configs').encode(config)
    units[partition]?.take(record('unit-configs', partition, config.unitId, value))
  }
  for (let device = 0; device < count; device++) {
    const assignments = assignmentsOf(device)
    const partition = at(assignments.devEui)
    const value = codecs.of('devices').encode(assignments)
    devices[partition]?.take(record('devices', partition, assignments.devEui, value))
  }
}

type Course = { devices: number; fromRound: number; toRound: number; perCommit: number }

/** Returns what it cost to make the uplinks, CPU ms. */
function take(stages: Stages, { devices, fromRound, toRound, perCommit }: Course): number {
  const { encode } = stages.codecs.of('uplinks')
  const fleet: Fleet = { devices, startMs: START_MS, intervalMs: INTERVAL_MS }
  let makingMs = 0
  let open = 0
  let clockMs = 0
  for (let round = fromRound; round < toRound; round++)
    for (let from = 0; from < devices; from += SLICE) {
      const before = process.cpuUsage()
      const fresh: InputRecord[] = []
      for (let device = from; device < Math.min(devices, from + SLICE); device++) {
        clockMs = recordedAtOf(fleet, round, device)
        const uplink = uplinkOf(device, round, clockMs)
        fresh.push(record('uplinks', at(uplink.devEui), uplink.devEui, encode(uplink)))
      }
      makingMs += process.cpuUsage(before).user / 1_000
      for (const one of fresh) stages.devices[one.partition]?.take(one)
      open += fresh.length
      if (open < perCommit) continue
      stages.commit(clockMs)
      open = 0
    }
  stages.commit(clockMs)
  return makingMs
}

export async function run(options: Record<string, string>): Promise<void> {
  const devices = Number(options.devices ?? 10_000)
  const toRound = WARM_ROUNDS + Math.ceil(Number(options.uplinks ?? 600_000) / devices)
  const perCommit = Number(options.rows ?? 50_000)
  const stages = new Stages(await openCodecs(memoryRegistry(), ''))
  configure(stages, devices)
  take(stages, { devices, fromRound: 0, toRound: WARM_ROUNDS, perCommit })
  stages.written.clear()
  const profile = new Profile()
  await profile.start()
  const before = process.cpuUsage()
  const makingMs = take(stages, { devices, fromRound: WARM_ROUNDS, toRound, perCommit })
  const { user, system } = process.cpuUsage(before)
  const uplinks = (toRound - WARM_ROUNDS) * devices
  const each = (ms: number): string => ((ms * 1_000) / uplinks).toFixed(2)
  print(
    `${each((user + system) / 1_000 - makingMs)} µs of CPU an uplink, ${perCommit} a commit, ${devices} devices`,
  )
  const phases = Object.entries(await profile.stop(options.profile))
  for (const [phase, ms] of phases.sort(([, a], [, b]) => b - a))
    print(`  ${phase.padEnd(24)} ${each(ms)} µs`)
  for (const [topic, { records, bytes }] of stages.written)
    print(
      `  ${topic.padEnd(24)} ${(records / uplinks).toFixed(3)} records, ${Math.round(bytes / records)} bytes each`,
    )
}

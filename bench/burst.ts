// A burst: all uplinks lie in the topic before the process starts, and its memory is watched while it takes them. With
// `--slow`, the broker is stopped for four fifths of the time, so that everything that waits for it piles up as far as it
// may. Flat means: the last half needs no more than the first.
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { registryAt } from '../infra/registry.ts'
import { createTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'
import { type BenchEngines, withEngines } from './engines.ts'
import { Feeder } from './feeder.ts'
import { MeasuredGroup } from './measured-group.ts'
import { PARTITIONS, PREFIX } from './pipeline.ts'
import { INTERVAL_MS, unitsOf } from './world.ts'

const UPLINKS = 10_000_000
const DEVICES = 10_000
const LINES = 10
const LOOK_MS = 100
const STOPPED_MS = 400
const RUNS_MS = 100

const print = (line: string): void => void process.stdout.write(`${line}\n`)
const thousands = (n: number): string => Math.round(n).toLocaleString('en')

export function run(options: Record<string, string>): Promise<void> {
  const devices = Number(options.devices ?? DEVICES)
  const rounds = Math.ceil(Number(options.uplinks ?? UPLINKS) / devices)
  return withEngines(async (engines) => {
    await feed(engines, devices, rounds)
    const isOver = options.slow === undefined ? { is: true } : slowDown(engines)
    await watch(await MeasuredGroup.start(engines, { prefix: PREFIX, threads: 1 }), devices, rounds * devices)
    isOver.is = true
  })
}

async function feed({ kafkaBrokers, schemaRegistryUrl }: BenchEngines, devices: number, rounds: number) {
  await createTopics(kafkaBrokers, PREFIX, { partitions: PARTITIONS, replication: 1 })
  const codecs = await openCodecs(registryAt(schemaRegistryUrl), PREFIX)
  const feeder = await Feeder.connect(kafkaBrokers, codecs, PREFIX)
  const fleet = { devices, startMs: Date.now() - rounds * INTERVAL_MS, intervalMs: INTERVAL_MS }
  await feeder.registry(devices)
  for (let round = 0; round < rounds; round++) await feeder.uplinks(fleet, round, 0, devices)
  await feeder.flush()
  await feeder.close()
}

async function watch(child: MeasuredGroup, devices: number, uplinks: number): Promise<void> {
  const goal = uplinks + unitsOf(devices).length
  const mostBytes: number[] = []
  for (let part = 0; part < LINES; ) {
    const { taken } = await child.progress()
    const { rssBytes, heapBytes, externalBytes } = await child.totals()
    const most = Math.max(mostBytes[part] ?? 0, rssBytes)
    mostBytes[part] = most
    if ((taken.unit ?? 0) >= (goal * (part + 1)) / LINES) {
      print(
        `${thousands(Math.min(uplinks, taken.unit ?? 0)).padStart(12)} readings taken: RSS at most ` +
          `${thousands(most / 1e6)} MB, now ${thousands(rssBytes / 1e6)} MB ` +
          `(V8's heap ${thousands(heapBytes / 1e6)}, buffers ${thousands(externalBytes / 1e6)})`,
      )
      part++
    } else await sleep(LOOK_MS)
  }
  const [first, second] = [mostBytes.slice(0, LINES / 2), mostBytes.slice(LINES / 2)].map((half) =>
    Math.max(...half),
  )
  print(`most in the second half is ${((second ?? 0) / (first ?? 1)).toFixed(2)} times the most in the first`)
  await child.end('SIGKILL')
}

/** Stops and continues the bench's own broker, found by its data folder. */
function slowDown({ kafkaDir }: BenchEngines): { is: boolean } {
  const isOver = { is: false }
  const folder = kafkaDir.replace(/\/data$/, '')
  const pid = readdirSync('/proc').find(
    (name) => /^\d+$/.test(name) && commandOf(name).startsWith('java') && commandOf(name).includes(folder),
  )
  if (pid === undefined) throw new Error(`No broker runs in ${folder}.`)
  const turns = async () => {
    while (!isOver.is) {
      process.kill(Number(pid), 'SIGSTOP')
      await sleep(STOPPED_MS)
      process.kill(Number(pid), 'SIGCONT')
      await sleep(RUNS_MS)
    }
  }
  turns().catch(() => {})
  return isOver
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch {
    return ''
  }
}

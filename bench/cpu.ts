// Where CPU time goes: of the threads of this process as Linux counts it, and of the JavaScript thread by phase, from
// V8's sampling profiler.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type Profiler, Session } from 'node:inspector/promises'

const TICK_MS = 10

/** CPU time of this process by kind of thread, ms. */
export function threadCpuMs(): Record<string, number> {
  const spent: Record<string, number> = {}
  for (const tid of readdirSync('/proc/self/task')) {
    const stat = readFileSync(`/proc/self/task/${tid}/stat`, 'utf8')
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'))
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    const kind = Number(tid) === process.pid ? 'JavaScript' : kindOf(name)
    spent[kind] = (spent[kind] ?? 0) + (Number(fields[11]) + Number(fields[12])) * TICK_MS
  }
  return spent
}

function kindOf(name: string): string {
  if (name.startsWith('rdk:broker')) return 'Kafka client: network, compression'
  if (name.startsWith('rdk:')) return 'Kafka client: main'
  if (name.startsWith('libuv')) return 'thread pool: consume, transactions'
  return 'V8: collector, compiler'
}

/** A frame that matches decides for all that it calls. The first that matches, from the inside out, counts. */
const phases: [phase: string, file: RegExp, name: RegExp][] = [
  ['fetch', /node-rdkafka|message\.ts|kafka-clients\.ts/, /consume|toInput/],
  ['decode', /codec\.ts|avsc/, /^decode/],
  ['state', /store\.ts/, /^(save|load|fold|restore|#load|#save)/],
  ['encode', /codec\.ts|avsc/, /^encode/],
  ['process', /\/processors\//, /./],
  ['produce', /node-rdkafka|kafka-clients\.ts|transaction\.ts/, /produce|sendOffsets|commit|begin/i],
  ['turns', /turns\.ts/, /./],
  ['engine', /\/topology\//, /./],
]

export class Profile {
  readonly #session = new Session()

  async start(): Promise<void> {
    this.#session.connect()
    await this.#session.post('Profiler.enable')
    await this.#session.post('Profiler.setSamplingInterval', { interval: 1_000 })
    await this.#session.post('Profiler.start')
  }

  /** Milliseconds of the JavaScript thread by phase. `file`: keeps the whole profile, for Chrome's or VS Code's viewer. */
  async stop(file?: string): Promise<Record<string, number>> {
    const { profile } = await this.#session.post('Profiler.stop')
    this.#session.disconnect()
    if (file !== undefined) writeFileSync(file, JSON.stringify(profile))
    return phasesOf(profile)
  }
}

function phasesOf({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Record<string, number> {
  const parents = new Map(
    nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)),
  )
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const known = new Map<number, string>()
  const phaseAt = (id: number | undefined): string => {
    if (id === undefined) return 'rest of Node'
    const found = known.get(id) ?? ownPhase(byId.get(id)) ?? phaseAt(parents.get(id))
    known.set(id, found)
    return found
  }
  const spent: Record<string, number> = {}
  samples.forEach((id, i) => {
    const phase = phaseAt(id)
    if (phase !== 'idle') spent[phase] = (spent[phase] ?? 0) + (timeDeltas[i] ?? 0) / 1_000
  })
  return spent
}

function ownPhase(node: Profiler.ProfileNode | undefined): string | undefined {
  if (node === undefined) return undefined
  const { functionName, url } = node.callFrame
  if (functionName === '(idle)') return 'idle'
  if (functionName === '(garbage collector)') return 'garbage collector'
  return phases.find(([, file, name]) => file.test(url) && name.test(functionName))?.[0]
}

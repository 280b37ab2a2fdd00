// Kafka, the registry and Postgres as processes of this machine, in one data folder. What an earlier run has left alive is
// found by its pid file and adopted, or ended when it does not answer.
import { mkdirSync } from 'node:fs'
import type { EngineName, EngineOptions, StartedEngines } from './engines.ts'
import { answersApiVersions, kafkaCommand, prepareKafka } from './kafka.ts'
import {
  type Command,
  end,
  findKept,
  isRunning,
  type KeptProcess,
  launch,
  type Ports,
  waitUntilReady,
} from './kept-process.ts'
import { fetchJars, findJava, kafkaJars, registryJars } from './maven.ts'
import { anyPorts, defaultPorts, type EnginePorts, keptPorts } from './ports.ts'
import * as postgres from './postgres.ts'
import { registryAnswers, registryCommand, registryUrl, requireBackwardCompatibility } from './registry.ts'

type Running = {
  name: EngineName
  command: Command
  kept: KeptProcess
  address: Omit<StartedEngines, 'stop'>
}
type Context = { dataDir: string; ports: EnginePorts; isThrowAway: boolean; report: (line: string) => void }

export async function localEngines(wanted: EngineName[], options: EngineOptions): Promise<StartedEngines> {
  const { dataDir, report } = options
  const held = heldPorts(dataDir)
  const ports =
    options.ports === 'any'
      ? { ...(await anyPorts()), ...held }
      : await keptPorts(dataDir, defaultPorts, held, report)
  const context = { dataDir, ports, isThrowAway: options.ports === 'any' && !options.isDurable, report }
  const starts = await Promise.allSettled(wanted.map((name) => starters[name](context)))
  const running = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []))
  const watch = options.keepAlive ? keepAlive(running, context) : { end: () => Promise.resolve() }
  const stop = async () => {
    await watch.end()
    await stopAll(running)
  }
  const failure = starts.find((start) => start.status === 'rejected')
  if (failure !== undefined) {
    await stop()
    throw failure.reason
  }
  return { ...Object.assign({}, ...running.map(({ address }) => address)), stop }
}

const pidFile = (dataDir: string, name: EngineName) => `${dataDir}/pids/${name}.json`

function heldPorts(dataDir: string): Partial<EnginePorts> {
  const names: EngineName[] = ['kafka', 'registry', 'postgres']
  return Object.assign({}, ...names.map((name) => findKept(pidFile(dataDir, name))?.ports))
}

const starters: Record<EngineName, (context: Context) => Promise<Running>> = {
  async kafka({ dataDir, ports, report }) {
    const java = await findJava()
    const setup = { dataDir, java, jarsDir: await fetchJars(kafkaJars, report) }
    const { kafka, controller } = ports
    const kept = await adoptOrLaunch(kafkaCommand(setup), { kafka, controller }, report, {
      prepare: () => prepareKafka(setup, ports),
      isReady: () => answersApiVersions(kafka),
    })
    return {
      name: 'kafka',
      command: kafkaCommand(setup),
      kept,
      address: { kafkaBrokers: `127.0.0.1:${kafka}` },
    }
  },

  async registry({ dataDir, ports, report }) {
    const java = await findJava()
    const port = ports.registry
    const command = registryCommand({ dataDir, java, jarsDir: await fetchJars(registryJars, report), port })
    const kept = await adoptOrLaunch(command, { registry: port }, report, {
      prepare: async () => void mkdirSync(command.cwd, { recursive: true }),
      isReady: () => registryAnswers(port),
    })
    await requireBackwardCompatibility(port)
    return { name: 'registry', command, kept, address: { schemaRegistryUrl: registryUrl(port) } }
  },

  async postgres({ dataDir, ports, isThrowAway, report }) {
    const prepared = await postgres.preparePostgres({ dataDir, isThrowAway, report })
    const port = ports.postgres
    const command = postgres.postgresCommand(dataDir, prepared, port)
    const kept = await adoptOrLaunch(command, { postgres: port }, report, {
      prepare: () => Promise.resolve(),
      isReady: () => postgres.postgresAnswers(port, prepared.password),
    })
    await postgres.createDatabase(port, prepared.password, 'coldstream')
    return {
      name: 'postgres',
      command,
      kept,
      address: { databaseUrl: postgres.postgresUrl(port, prepared.password) },
    }
  },
}

type Lifecycle = { prepare: () => Promise<void>; isReady: () => Promise<boolean> }

async function adoptOrLaunch(
  command: Command,
  ports: Ports,
  report: (line: string) => void,
  { prepare, isReady }: Lifecycle,
): Promise<KeptProcess> {
  const left = findKept(command.pidFile)
  if (left !== undefined) {
    if (await answersWithin(isReady, 10_000)) {
      report(`${command.name}: still running from an earlier start (pid ${left.pid}), taken over.`)
      return left
    }
    report(`${command.name}: an earlier start left it running without an answer (pid ${left.pid}), ended.`)
    await end(left, command)
  }
  await prepare()
  const startMs = performance.now()
  const kept = launch(command, ports)
  try {
    await waitUntilReady(command, kept, isReady)
  } catch (error) {
    await end(kept, command)
    throw error
  }
  const [port] = Object.values(ports)
  report(
    `${command.name}: ready on port ${port} after ${((performance.now() - startMs) / 1000).toFixed(1)} s.`,
  )
  return kept
}

async function answersWithin(isReady: () => Promise<boolean>, timeoutMs: number): Promise<boolean> {
  const deadlineMs = performance.now() + timeoutMs
  while (performance.now() < deadlineMs) {
    if (await isReady()) return true
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return false
}

/** Ends what an earlier run has left alive in this data folder; says what it ended. */
export async function stopLeftEngines(dataDir: string): Promise<EngineName[]> {
  const names: EngineName[] = ['kafka', 'registry', 'postgres']
  const left = names.filter((name) => findKept(pidFile(dataDir, name)) !== undefined)
  await Promise.all(
    left.map(async (name) => {
      const kept = findKept(pidFile(dataDir, name))
      const stopSignal = name === 'postgres' ? 'SIGINT' : 'SIGTERM'
      if (kept) await end(kept, { pidFile: pidFile(dataDir, name), stopSignal, stopGraceMs: 15_000 })
    }),
  )
  return left
}

const watchMs = 1_000

/** Looks after the engines, one round after the other; a round that restarts one is waited for before they are stopped. */
function keepAlive(running: Running[], context: Context): { end: () => Promise<void> } {
  let round: Promise<unknown> = Promise.resolve()
  const timer = setInterval(() => {
    round = round.then(() => Promise.all(running.map((engine) => restartIfEnded(engine, context))))
  }, watchMs)
  timer.unref()
  return {
    end: async () => {
      clearInterval(timer)
      await round
    },
  }
}

async function restartIfEnded(engine: Running, context: Context): Promise<void> {
  if (isRunning(engine.kept)) return
  context.report(`${engine.command.name} has ended by itself; starting it again.`)
  try {
    engine.kept = (await starters[engine.name](context)).kept
  } catch (error) {
    context.report(`${engine.command.name} did not start: ${(error as Error).message}`)
  }
}

async function stopAll(running: Running[]): Promise<void> {
  await Promise.all(running.map(({ kept, command }) => end(kept, command)))
}

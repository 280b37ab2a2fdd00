// The sink under measurement: `coldstream sink` as it is, with a channel to its parent, who asks it what it has cost. Its
// setup is its one argument, as JSON.
import { mkdirSync, writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'
import { runSink, type SinkConfig } from '../sinks/main.ts'
import { threadCpuMs } from './cpu.ts'

export type SinkSetup = { config: SinkConfig; profileDir: string | null }

const { config, profileDir } = JSON.parse(process.argv[2] ?? '') as SinkSetup
const running = await runSink(config)
const session = new Session()
let before: Record<string, number> = {}

const answers: Record<string, () => unknown> = {
  begin: async () => {
    if (profileDir !== null) await startProfile()
    before = threadCpuMs()
  },
  end: async () => {
    const spent = Object.entries(threadCpuMs()).map(([name, ms]) => [name, ms - (before[name] ?? 0)])
    if (profileDir !== null) await writeProfile(profileDir)
    return Object.fromEntries(spent)
  },
}

async function startProfile(): Promise<void> {
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.start')
}

/** For the browser's tools: --cpu-prof would only write at an end that is none of ours. */
async function writeProfile(dir: string): Promise<void> {
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  mkdirSync(dir, { recursive: true })
  writeFileSync(join(dir, `sink-${Date.now()}.cpuprofile`), JSON.stringify(profile))
}

process.on('message', async ({ id, ask }: { id: number; ask: string }) => {
  process.send?.({ id, answer: await answers[ask]?.() })
})
process.once('disconnect', () => process.exit(2))
process.once('SIGTERM', () => void running.close().then(() => process.exit(0)))
process.send?.({ id: 0 })
await running.ended

// `npm run bench -- <name>`: measures a part of the pipeline on this machine. Without a name it lists what there is.
import { parseArgs } from 'node:util'

type Bench = { about: string; run: (options: Record<string, string>) => Promise<void> }

const benches: Record<string, Bench> = {
  pipeline: {
    about:
      'uplinks → committed outputs on a broker of its own: throughput, CPU, latency, restore (--uplinks, --threads)',
    run: async (options) => (await import('./pipeline.ts')).run(options),
  },
  burst: {
    about:
      'the memory of a process that finds 10 million uplinks waiting, on a broker that may be slow (--uplinks, --slow)',
    run: async (options) => (await import('./burst.ts')).run(options),
  },
  restore: {
    about: 'a million units back from their changelog: seconds, CPU, bytes a unit (--units, --threads 1,2)',
    run: async (options) => (await import('./restore.ts')).run(options),
  },
  stages: {
    about: 'both stages without Kafka: CPU an uplink, by phase, and what it writes (--uplinks, --devices)',
    run: async (options) => (await import('./stages.ts')).run(options),
  },
  bridge: {
    about:
      'webhooks at a fixed rate: latency from the due instant, memory, beside a server that does nothing (--rate)',
    run: async (options) => (await import('./bridge.ts')).run(options),
  },
  sink: {
    about:
      'topic → committed rows, beside one COPY of the same rows into the same table (--rows, --devices, --together)',
    run: async (options) => (await import('./sink.ts')).run(options),
  },
  years: {
    about: "the API's questions over 24 months: p99, months opened, what indexes cost (--rows, --units)",
    run: async (options) => (await import('./years.ts')).run(options),
  },
  api: {
    about:
      'GraphQL over two years × 1,000 units: p50, p99, queries a second, beside PostGraphile (--alone true, --data FOLDER)',
    run: async (options) => (await import('./api.ts')).run(options),
  },
  live: {
    about: 'a thousand subscribers at one process of the API: lag, memory, CPU a message (--rate)',
    run: async (options) => (await import('./live.ts')).run(options),
  },
  backup: {
    about: 'a sealed backup and its restore: seconds, and megabytes of database a second (--rows)',
    run: async (options) => (await import('./backup.ts')).run(options),
  },
  failover: {
    about:
      'how long 100,000 units wait for another process, with warm copies (STANDBY) and without (--units, --session 2000)',
    run: async (options) => (await import('./failover.ts')).run(options),
  },
  'unit-stage': {
    about: 'observations a second through the unit stage alone, on one core, and the size of a state',
    run: async () => (await import('./unit-stage.ts')).run(),
  },
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    uplinks: { type: 'string' },
    devices: { type: 'string' },
    threads: { type: 'string' },
    rate: { type: 'string' },
    slow: { type: 'string' },
    units: { type: 'string' },
    session: { type: 'string' },
    profile: { type: 'string' },
    rows: { type: 'string' },
    together: { type: 'string' },
    alone: { type: 'string' },
    data: { type: 'string' },
    only: { type: 'string' },
    subscribers: { type: 'string' },
    readers: { type: 'string' },
  },
})
const [name] = positionals
const bench = name === undefined ? undefined : benches[name]
if (bench === undefined) {
  if (name !== undefined) process.stderr.write(`There is no benchmark called ${name}.\n`)
  for (const [known, { about }] of Object.entries(benches))
    process.stdout.write(`${known.padEnd(12)} ${about}\n`)
  process.exitCode = name === undefined ? 0 : 1
} else await bench.run(values as Record<string, string>)

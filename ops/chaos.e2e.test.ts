// The promise under fire: one recorded log of uplinks goes through a calm pipeline once, and then through others that are
// killed, frozen, starved and lied to. Each ends with the very tables of the calm one, by `coldstream digest`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { offsetsSettings, readerSettings } from '../infra/kafka.ts'
import { migrate } from '../infra/migrate.ts'
import { freshDatabase, freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { Consumer } from '../topology/kafka-clients.ts'
import { digest, type TableDigest } from './digest.ts'
import { chanceOf } from './simulator/random.ts'
import { hasJava, type OwnEngines, startOwnEngines } from './testing/own-engines.ts'
import { type Part, type PipelineRun, startPipelineRun } from './testing/pipeline-run.ts'
import { asWrittenThen, feedUplinks, type RecordedUplink, recordUplinks } from './testing/recorded-uplinks.ts'

const HOUR_MS = 3_600_000
const to = new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 48 * HOUR_MS)
const span = { from: new Date(to.getTime() - 8 * HOUR_MS).toISOString(), to: to.toISOString() }
const KILLS = 25
/** Of one test, where the machine is busy with other things: none needs a quarter of it on a quiet one. */
const MOST_MS = 360_000
const SEED = Number(process.env.TEST_SEED ?? 20261121)

/** Grace is the two hours of production, though a process that is away for a second misses half an hour of theirs. */
const env = { COMMIT_INTERVAL: '20ms' }

let uplinks: RecordedUplink[] = []
let expected: TableDigest[] = []
let own: OwnEngines | undefined
const isJavaThere = await hasJava()
const runs = new Set<PipelineRun>()

beforeAll(async () => {
  const starting = isJavaThere
    ? startOwnEngines().then((engines) => {
        own = engines
      })
    : undefined
  const calm = await freshRun({}, ['bridge', 'process', 'sink'])
  await calm.run.simulate({ ...span, speed: 'max' })
  await calm.run.settled(3_000)
  expected = await digest(calm.run.db)
  const recorded = await recordUplinks(calm.brokers, calm.prefix)
  uplinks = await asWrittenThen(recorded, testEngines().schemaRegistryUrl, calm.prefix)
  await stop(calm.run)
  await starting
  expect(expected.find(({ table }) => table === 'excursions')?.rows).toBeGreaterThan(0)
  expect(expected.find(({ table }) => table === 'silences')?.rows).toBeGreaterThan(0)
}, MOST_MS)

afterAll(async () => {
  await Promise.allSettled([...runs].map(stop))
  await own?.stop()
}, 120_000)

type Place = Partial<Pick<OwnEngines, 'kafkaBrokers' | 'databaseUrl'>>

async function freshRun(place: Place, parts: readonly Part[], more: NodeJS.ProcessEnv = {}) {
  const prefix = freshPrefix()
  const engines = { ...testEngines(), ...place }
  const databaseUrl = place.databaseUrl ?? (await freshDatabase())
  const run = await startPipelineRun({ ...engines, databaseUrl, prefix }, { parts, env: { ...env, ...more } })
  runs.add(run)
  return { run, prefix, brokers: engines.kafkaBrokers }
}

async function stop(run: PipelineRun): Promise<void> {
  runs.delete(run)
  await run.stop()
}

type Fresh = Awaited<ReturnType<typeof freshRun>>

/** expect.poll() knows of one test at a time only. */
const within = (timeout: number, check: () => Promise<void>) => vi.waitFor(check, { timeout, interval: 250 })

/** How many are fed before, so that it is known to run when the worst begins: a start is another matter. */
const FIRST = 60

/** Feeds the recorded uplinks while `disturb` does its worst; the tables must end as the calm ones. */
async function survive(
  fresh: Fresh,
  overMs: number,
  disturb: (isFeeding: () => boolean) => Promise<void>,
): Promise<void> {
  await feedUplinks(uplinks.slice(0, FIRST), { ...fresh, overMs: 100, isOld: true })
  await within(60_000, async () => expect(await readings(fresh.run)).toBeGreaterThan(0))
  let isFeeding = true
  const feeding = feedUplinks(uplinks.slice(FIRST), { ...fresh, overMs, isOld: true }).then(() => {
    isFeeding = false
  })
  await Promise.all([feeding, disturb(() => isFeeding)])
  await ends(fresh)
}

/** With the tables of the calm one, and stays so. */
async function ends({ run }: Fresh): Promise<void> {
  await within(120_000, async () => expect(await digest(run.db)).toEqual(expected))
  await sleep(1_000)
  expect(await digest(run.db)).toEqual(expected)
  await stop(run)
}

// The group deals out nine partitions: with five members, the three of uplinks cannot be with one of them.
test(
  'a backlog longer than grace, taken by five processes of different speed, of which one is killed',
  async () => {
    const fresh = await freshRun({}, ['sink'])
    await feedUplinks(uplinks, { ...fresh, overMs: 100, isOld: true })
    const start = (most: number) =>
      fresh.run.startAnother('process', { INSTANCE: `with-${most}`, COMMIT_RECORDS_MAX: String(most) })
    const [first] = [4, 8, 12, 16, 20].map(start)
    await within(90_000, async () => expect(await readings(fresh.run)).toBeGreaterThan(uplinks.length / 10))
    first!.kill('SIGKILL')
    await ends(fresh)
  },
  MOST_MS,
)

const readings = async ({ db }: PipelineRun): Promise<number> =>
  Number((await db.query('select count(*) from sensor_readings')).rows[0]!.count)

// These three wait for the most part, so they share the time.
test.concurrent(
  `${KILLS} times kill -9 of process and sink at random instants under load`,
  async () => {
    const chance = chanceOf('chaos', SEED)
    const fresh = await freshRun({}, ['process', 'sink'])
    await survive(fresh, 20_000, async (isFeeding) => {
      for (let kills = 0; kills < KILLS || isFeeding(); kills++) {
        await sleep(chance.between(100, 1_600))
        await fresh.run.killAndRestart(chance.pick<Part>(['process', 'process', 'sink']))
      }
    })
  },
  MOST_MS,
)

test.concurrent(
  'a process frozen inside a transaction: it times out, the partitions move, and the zombie wakes up',
  async () => {
    const fresh = await freshRun({}, ['process', 'sink'])
    await survive(fresh, 15_000, async () => {
      await sleep(500)
      const open = await watchTransactions(fresh)
      try {
        await freezeInside(fresh.run, open)
        fresh.run.startAnother('process', { INSTANCE: 'heir' })
        await within(60_000, async () => expect(await open()).toBe(false)) // the broker has ended it
        await sleep(2_000)
      } finally {
        fresh.run.signal('process', 'SIGCONT')
        await open.close()
      }
    })
  },
  MOST_MS,
)

/** Whether a transaction is open in what the device stage writes: then committed readers do not see the end. */
async function watchTransactions({ brokers, prefix }: Fresh) {
  const [committed, all] = await Promise.all([
    Consumer.connect(readerSettings(brokers, `${prefix}watch`)),
    Consumer.connect(offsetsSettings(brokers, `${prefix}watch`)),
  ])
  const partitions = [0, 1, 2].map((partition) => ({ topic: `${prefix}readings`, partition }))
  const look = async () => {
    const [stable, ends] = [await committed.endOffsets(partitions), await all.endOffsets(partitions)]
    return stable.some((offset, index) => offset < (ends[index] ?? 0))
  }
  let looking: Promise<boolean> = Promise.resolve(false)
  const isOpen = () => {
    looking = look()
    return looking
  }
  const close = async () => {
    // A client that is closed while it waits for an answer takes its process with it.
    await looking.catch(() => {})
    await Promise.all([committed.disconnect(), all.disconnect()])
  }
  return Object.assign(isOpen, { close })
}

async function freezeInside(run: PipelineRun, isOpen: () => Promise<boolean>): Promise<void> {
  const chance = chanceOf('freeze', SEED)
  for (let attempts = 0; attempts < 200; attempts++) {
    run.signal('process', 'SIGSTOP')
    await sleep(30)
    if (await isOpen()) return
    run.signal('process', 'SIGCONT')
    await sleep(chance.between(5, 60))
  }
  throw new Error('It was never found inside a transaction.')
}

test.concurrent(
  'the clock of process and sink jumps ahead, far back, and stays an hour slow',
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'coldstream-clock-'))
    const file = join(dir, 'offset')
    writeFileSync(file, '0')
    const clock = new URL('testing/jumping-clock.ts', import.meta.url).href
    const fresh = await freshRun({}, ['process', 'sink'], {
      CLOCK_OFFSET_FILE: file,
      NODE_OPTIONS: `--import=${clock}`,
    })
    const jump = (hours: number) => {
      writeFileSync(file, String(hours * HOUR_MS))
      for (const part of ['process', 'sink'] as const) fresh.run.signal(part, 'SIGUSR2')
    }
    try {
      await survive(fresh, 6_000, async () => {
        await sleep(1_000)
        for (const hours of [5, -100, -1]) {
          jump(hours)
          await sleep(1_500)
        }
      })
    } finally {
      rmSync(dir, { recursive: true })
    }
  },
  MOST_MS,
)

test.runIf(isJavaThere)(
  'the broker is killed with kill -9 and started again',
  async () => {
    const engines = own!
    const fresh = await freshRun({ kafkaBrokers: engines.kafkaBrokers }, ['process', 'sink'])
    await survive(fresh, 6_000, async () => {
      await sleep(2_000)
      engines.signal('kafka', 'SIGKILL')
      await sleep(500)
      await engines.start('kafka')
    })
  },
  MOST_MS,
)

test.runIf(isJavaThere)(
  'the broker is frozen past the session time-out',
  async () => {
    const engines = own!
    const fresh = await freshRun({ kafkaBrokers: engines.kafkaBrokers }, ['process', 'sink'])
    await survive(fresh, 5_000, async () => {
      await sleep(2_000)
      engines.signal('kafka', 'SIGSTOP')
      await sleep(12_000)
      engines.signal('kafka', 'SIGCONT')
    })
  },
  MOST_MS,
)

test.runIf(isJavaThere)(
  'the disk of the broker runs full, and has room again',
  async (context) => {
    const engines = own!
    if (!engines.hasOwnDisk) context.skip('this machine lets us mount no small disk')
    const fresh = await freshRun({ kafkaBrokers: engines.kafkaBrokers }, ['process', 'sink'])
    await survive(fresh, 6_000, async () => {
      await sleep(2_000)
      engines.fillDisk()
      // A broker without a log folder that can be written ends.
      await within(30_000, async () => expect(engines.isAlive('kafka')).toBe(false))
      engines.freeDisk()
      await engines.start('kafka')
    })
  },
  MOST_MS,
)

test.runIf(isJavaThere)(
  'Postgres is killed with kill -9, three times, and started again',
  async () => {
    const engines = own!
    await migrate(engines.databaseUrl)
    const fresh = await freshRun({ databaseUrl: engines.databaseUrl }, ['process', 'sink'])
    await survive(fresh, 8_000, async () => {
      for (let kills = 0; kills < 3; kills++) {
        await sleep(1_500)
        engines.signal('postgres', 'SIGKILL')
        await sleep(300)
        await engines.start('postgres')
      }
    })
  },
  MOST_MS,
)

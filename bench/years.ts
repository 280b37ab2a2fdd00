// Two years of readings on a Postgres of the bench's own: how long the API's questions take, which months they open, and what
// each way to index a month costs.
import { localEngines } from '../infra/local/local-engines.ts'
import { migrate } from '../infra/migrate.ts'
import { openPostgres, type Postgres, withSession } from '../infra/postgres.ts'
import { openScratch, removeAbandonedScratches } from '../infra/testing/scratch.ts'
import { randomFrom } from './random.ts'
import { fillYears, planYears, tableOf, unitId, type Years } from './years-data.ts'
import { openedBy, plainQuery, type Question, questionsOf } from './years-questions.ts'

const ROUNDS = 300
const WARM_UP = 10
/** A slow question is asked less often. */
const QUESTION_MS_MAX = 20_000
const INSERTED = 200_000

const print = (line = ''): void => void process.stdout.write(`${line}\n`)
const thousands = (n: number): string => Math.round(n).toLocaleString('en')

/** `data`: a folder that is kept, so that what was filled once can be asked again. `only`: without what indexes cost. */
export async function run(options: Record<string, string>): Promise<void> {
  const rows = Number(options.rows ?? 10_000_000)
  const units = Number(options.units ?? 1_000)
  await removeAbandonedScratches()
  const scratch = openScratch()
  const report = (line: string) => process.stderr.write(`${line}\n`)
  try {
    const dataDir = options.data ?? scratch.dir
    const engines = await localEngines(['postgres'], { dataDir, report, ports: 'any' })
    const { databaseUrl: url = '' } = engines
    try {
      await migrate(url)
      const db = openPostgres(url, { connectionsMax: 2, statementTimeoutMs: 0 })
      const years = planYears({ units, rows, months: 24, untilMs: Date.UTC(2026, 10, 1), rollupUnits: 100 })
      await measure({ db, url, years, report })
      if (options.only !== 'questions') await measureIndexes({ db, url, years, report })
      await db.end()
    } finally {
      await engines.stop()
    }
  } finally {
    await scratch.remove()
  }
}

type World = { db: Postgres; url: string; years: Years; report: (line: string) => void }

async function measure(world: World): Promise<void> {
  const { db, years } = world
  const startMs = performance.now()
  const isFilled = (await readings(db)).rows > 0
  if (!isFilled) await fill(world)
  const filled = await readings(db)
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0)
  print(
    `${thousands(filled.rows)} readings of ${years.units} units in ${years.months} months, ` +
      `${(filled.bytes / 2 ** 30).toFixed(1)} GiB, ${isFilled ? 'made before' : `made in ${seconds} s`}`,
  )
  print()
  print(
    'question                                     best ms   p50 ms   p99 ms   in Postgres, ms   blocks   months opened',
  )
  for (const question of questionsOf(years)) await measureQuestion(db, question)
  print()
}

async function readings(db: Postgres): Promise<{ bytes: number; rows: number }> {
  const { rows } = await db.query<{ bytes: number; rows: number }>(
    "select bytes, estimated_rows as rows from table_estimates where table_name = 'sensor_readings'",
  )
  return rows[0] ?? { bytes: 0, rows: 0 }
}

/** Each month is vacuumed while it is still in memory, as autovacuum does it in its time. */
async function fill({ db, url, years, report }: World): Promise<void> {
  const startMs = performance.now()
  await fillYears(db, years, async (table, rows) => {
    await vacuum(url, table)
    report(`${table}: ${rows} rows, after ${((performance.now() - startMs) / 1000).toFixed(0)} s`)
  })
}

const vacuum = (url: string, table: string) =>
  withSession(url, async (sql) => void (await sql.query(`vacuum ${table}`)))

async function measureQuestion(db: Postgres, question: Question): Promise<void> {
  const draw = randomFrom(11)
  const query = plainQuery(db)
  const times: number[] = []
  const deadlineMs = performance.now() + QUESTION_MS_MAX
  for (let i = 0; i < ROUNDS + WARM_UP && performance.now() < deadlineMs; i += 1) {
    const startMs = performance.now()
    await question.ask(query, draw)
    times.push(performance.now() - startMs)
  }
  // On a machine that is so busy that there are few, the first ones count, too.
  times.splice(0, times.length > 2 * WARM_UP ? WARM_UP : 0)
  times.sort((a, b) => a - b)
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? Number.NaN).toFixed(2).padStart(8)
  const { partitions, milliseconds, blocks } = await openedBy(db, question, randomFrom(5))
  const inside = milliseconds.toFixed(2).padStart(17)
  print(
    `${question.name.padEnd(44)} ${at(0)} ${at(0.5)} ${at(0.99)} ${inside} ${thousands(blocks).padStart(8)}   ${partitions.length}`,
  )
}

const indexings: [name: string, columns: string][] = [
  ['none', ''],
  ['BRIN (recorded_at)', 'using brin (recorded_at)'],
  [
    'btree (unit, time, device, simulated): the key',
    'using btree (unit_id, recorded_at, device_id, simulated)',
  ],
  [
    'the same, covering the temperature',
    'using btree (unit_id, recorded_at, device_id, simulated) include (temperature_c)',
  ],
  ['btree (recorded_at)', 'using btree (recorded_at)'],
]

/**
 * On a copy of one month. WAL and blocks are counted, not timed: they are the same whatever else the machine does. The time
 * of a row is the best of the inserts.
 */
async function measureIndexes({ db, url, years }: World): Promise<void> {
  const startMs = years.monthStartsMs.at(-1) ?? 0
  const month = tableOf(startMs)
  const { rows } = await db.query<{ n: number }>(`select count(*) as n from ${month}`)
  const inserts = Math.max(1, Math.min(10, Math.floor((rows[0]?.n ?? 0) / INSERTED)))
  print(
    "index on one month                               µs/row  WAL bytes/row  blocks/row  bytes/row  a unit's month   once vacuumed   a day of all",
  )
  for (const [name, columns] of indexings) {
    await db.query('drop table if exists indexed')
    await db.query(
      'create table indexed (like sensor_readings including defaults) with (autovacuum_enabled = false)',
    )
    if (columns !== '') await db.query(`create index indexed_by on indexed ${columns}`)
    const written: Cost[] = []
    for (let i = 0; i < inserts; i += 1)
      written.push(
        await costOf(
          db,
          `insert into indexed select * from ${month} limit ${INSERTED} offset ${i * INSERTED}`,
        ),
      )
    await db.query('analyze indexed')
    const bytes = columns === '' ? 0 : await sizeOf(db, 'indexed_by')
    const [unit, day] = [unitId(7), new Date(startMs + 3_600_000).toISOString()]
    const ofOneUnit = `select avg(temperature_c) from indexed where unit_id = '${unit}'`
    const ofUnit = await costOf(db, ofOneUnit)
    const ofDay = await costOf(
      db,
      `select avg(temperature_c) from indexed where recorded_at >= '${day}' and recorded_at < '${day}'::timestamptz + interval '1 day'`,
    )
    const n = inserts * INSERTED
    const figures = [
      ...[Math.min(...written.map(({ ms }) => ms)) * (1_000 / INSERTED), sum(written, 'walBytes') / n],
      ...[sum(written, 'blocks') / n, bytes / n],
    ]
    await vacuum(url, 'indexed')
    const ofUnitVacuumed = await costOf(db, ofOneUnit)
    const reads = [ofUnit, ofUnitVacuumed, ofDay].map(({ blocks }) =>
      `${thousands(blocks)} blocks`.padStart(16),
    )
    print(
      `${name.padEnd(48)} ${figures.map((figure) => figure.toFixed(2).padStart(10)).join(' ')} ${reads.join('')}`,
    )
  }
  await db.query('drop table indexed')
}

type Cost = { ms: number; blocks: number; walBytes: number }
const sum = (costs: readonly Cost[], what: keyof Cost) => costs.reduce((total, cost) => total + cost[what], 0)

async function costOf(db: Postgres, statement: string): Promise<Cost> {
  type Plan = Record<string, number | undefined>
  const { rows } = await db.query<{ 'QUERY PLAN': [{ Plan: Plan; 'Execution Time': number }] }>(
    `explain (analyze, buffers, wal, timing off, format json) ${statement}`,
  )
  const [plan] = rows[0]?.['QUERY PLAN'] ?? []
  const { Plan: top = {} } = plan ?? {}
  return {
    ms: plan?.['Execution Time'] ?? Number.NaN,
    blocks: (top['Shared Hit Blocks'] ?? 0) + (top['Shared Read Blocks'] ?? 0),
    walBytes: top['WAL Bytes'] ?? 0,
  }
}

async function sizeOf(db: Postgres, index: string): Promise<number> {
  const { rows } = await db.query<{ bytes: number }>('select pg_relation_size($1::regclass) as bytes', [
    index,
  ])
  return rows[0]?.bytes ?? 0
}

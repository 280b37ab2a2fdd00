// Two years of readings on a Postgres of the bench's own: how long the API's questions take, which months they open, and what
// each way to index a month costs.
import { localEngines } from '../infra/local/local-engines.ts'
import { migrate } from '../infra/migrate.ts'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { openScratch, removeAbandonedScratches } from '../infra/testing/scratch.ts'
import { randomFrom } from './random.ts'
import { fillYears, planYears, tableOf, unitId, type Years } from './years-data.ts'
import { openedBy, plainQuery, type Question, questionsOf } from './years-questions.ts'

const ROUNDS = 300
const WARM_UP = 20
const INSERTED = 200_000

const print = (line = ''): void => void process.stdout.write(`${line}\n`)
const thousands = (n: number): string => Math.round(n).toLocaleString('en')

export async function run(options: Record<string, string>): Promise<void> {
  const rows = Number(options.rows ?? 10_000_000)
  const units = Number(options.units ?? 1_000)
  await removeAbandonedScratches()
  const scratch = openScratch()
  const report = (line: string) => process.stderr.write(`${line}\n`)
  try {
    const engines = await localEngines(['postgres'], { dataDir: scratch.dir, report, ports: 'any' })
    const { databaseUrl = '' } = engines
    try {
      await migrate(databaseUrl)
      const db = openPostgres(databaseUrl, { connectionsMax: 2, statementTimeoutMs: 0 })
      const years = planYears({ units, rows, months: 24, untilMs: Date.UTC(2026, 10, 1), rollupUnits: 100 })
      await measure(db, years, report)
      await db.end()
    } finally {
      await engines.stop()
    }
  } finally {
    await scratch.remove()
  }
}

async function measure(db: Postgres, years: Years, report: (line: string) => void): Promise<void> {
  const startMs = performance.now()
  await fillYears(db, years, report)
  const { rows } = await db.query<{ bytes: number; rows: number }>(
    "select bytes, estimated_rows as rows from table_estimates where table_name = 'sensor_readings'",
  )
  const filled = rows[0] ?? { bytes: 0, rows: 0 }
  print(
    `${thousands(filled.rows)} readings of ${years.units} units in ${years.months} months, ` +
      `${(filled.bytes / 2 ** 30).toFixed(1)} GiB, made in ${((performance.now() - startMs) / 1000).toFixed(0)} s`,
  )
  print()
  print('question                                      p50 ms   p99 ms   months opened')
  for (const question of questionsOf(years)) await measureQuestion(db, question)
  print()
  await measureIndexes(db, years)
}

async function measureQuestion(db: Postgres, question: Question): Promise<void> {
  const draw = randomFrom(11)
  const query = plainQuery(db)
  const times: number[] = []
  for (let i = 0; i < ROUNDS + WARM_UP; i += 1) {
    const startMs = performance.now()
    await question.ask(query, draw)
    if (i >= WARM_UP) times.push(performance.now() - startMs)
  }
  times.sort((a, b) => a - b)
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? Number.NaN).toFixed(2).padStart(8)
  const { partitions } = await openedBy(db, question, randomFrom(5))
  print(`${question.name.padEnd(44)} ${at(0.5)} ${at(0.99)}   ${partitions.length}`)
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

/** On a copy of one month: what a row costs to insert, how large the index gets, and how long a unit's month then takes. */
async function measureIndexes(db: Postgres, years: Years): Promise<void> {
  const month = tableOf(years.monthStartsMs.at(-1) ?? 0)
  print(
    `index on one month                               µs/row   bytes/row   a unit's month, ms   a day of all, ms`,
  )
  for (const [name, columns] of indexings) {
    await db.query('drop table if exists indexed')
    await db.query('create table indexed (like sensor_readings including defaults)')
    if (columns !== '') await db.query(`create index indexed_by on indexed ${columns}`)
    const startMs = performance.now()
    const { rowCount } = await db.query(`insert into indexed select * from ${month} limit ${INSERTED}`)
    const micros = ((performance.now() - startMs) * 1000) / rowCount
    await db.query(`insert into indexed select * from ${month} offset ${INSERTED}`)
    await db.query('analyze indexed')
    const bytes = columns === '' ? 0 : await sizeOf(db, 'indexed_by')
    const { rows } = await db.query<{ n: number }>('select count(*) as n from indexed')
    const unit = await bestOf(db, 'select avg(temperature_c) from indexed where unit_id = $1', [unitId(7)])
    const from = new Date((years.monthStartsMs.at(-1) ?? 0) + 5 * 86_400_000)
    const day = await bestOf(
      db,
      "select avg(temperature_c) from indexed where recorded_at >= $1 and recorded_at < $1::timestamptz + interval '1 day'",
      [from],
    )
    print(
      `${name.padEnd(48)} ${micros.toFixed(2).padStart(6)} ${(bytes / (rows[0]?.n ?? 1)).toFixed(1).padStart(11)}` +
        `${unit.toFixed(2).padStart(21)}${day.toFixed(2).padStart(19)}`,
    )
  }
  await db.query('drop table indexed')
}

async function sizeOf(db: Postgres, index: string): Promise<number> {
  const { rows } = await db.query<{ bytes: number }>('select pg_relation_size($1::regclass) as bytes', [
    index,
  ])
  return rows[0]?.bytes ?? 0
}

async function bestOf(db: Postgres, text: string, values: unknown[]): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < 7; i += 1) {
    const startMs = performance.now()
    await db.query(text, values)
    best = Math.min(best, performance.now() - startMs)
  }
  return best
}

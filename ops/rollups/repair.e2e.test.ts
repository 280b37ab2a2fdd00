// Readings of any lateness end in exact rollups: what the unit stage and a repair leave in the tables, against one run of
// the same stage over the sorted log with a grace that nothing exceeds.
import { expect, onTestFinished, test } from 'vitest'
import { openPostgres, type Postgres } from '../../infra/postgres.ts'
import { freshDatabase } from '../../infra/testing/engines.ts'
import { noRule } from '../../processors/limits.ts'
import { type Random, random } from '../../processors/testing/worlds.ts'
import { hours, minutes, reading } from '../../processors/unit-driver.ts'
import { unitStage } from '../../processors/unit-stage.ts'
import type { Reading, Rollup, Rule, TopicValues, UnitConfig } from '../../schemas/generated/types.ts'
import { derivedId } from '../../schemas/identity.ts'
import { CopyBuffer } from '../../sinks/copy-binary.ts'
import { type SinkTopic, sinkTables, type TableRows } from '../../sinks/rows.ts'
import { type RepairOptions, repairRollups } from './repair.ts'

const graceMs = hours(2)
const startMs = Date.parse('2026-03-27T20:00Z')
const zones = ['Europe/Berlin', 'Asia/Kolkata', 'Australia/Lord_Howe', 'UTC']
const device = (name: string) => derivedId('device', name)

const rule = (validFrom: number, more: Partial<Rule>): Rule => ({ ...noRule, validFrom, ...more })

function configOf(r: Random, timeZone: string): UnitConfig {
  const rules = [
    rule(0, { tempMin: 2, tempMax: 8, expectedReadingIntervalSeconds: 1200, offlineTriggerMultiplier: 3 }),
    rule(startMs + hours(20) + minutes(7), { tempMax: 6, expectedReadingIntervalSeconds: 600 }),
    // No hold limit any more; what has lapsed stays so.
    rule(startMs + hours(45), { tempMin: 3, tempMax: 9 }),
    rule(startMs + hours(60), { tempMin: 3, expectedReadingIntervalSeconds: 5400 }),
  ]
  return {
    unitId: derivedId('unit', timeZone, r.next()),
    organizationId: derivedId('organization', 'o'),
    siteId: derivedId('site', 's'),
    timeZone,
    versions: rules.slice(r.below(2)),
    devices: [],
  }
}

type Sample = Reading & { arrivalMs: number }

/** Three days; one sample in twelve comes hours or days late. */
function logOf(r: Random, { unitId, organizationId }: UnitConfig): Sample[] {
  const log: Sample[] = []
  for (let ms = startMs; ms < startMs + hours(72); ms += minutes(5 + r.below(r.chance(0.05) ? 240 : 20))) {
    const lateMs = r.chance(0.08) ? hours(2) + minutes(r.below(60 * 50)) : minutes(r.below(40))
    const sample = reading({
      at: ms + (r.chance(0.2) ? r.below(60_000) : 0),
      device: device(r.pick(['a', 'b', 'c'])),
      temperature: r.chance(0.85) ? r.pick([-1.3, 1.9, 2, 4.75, 5.1, 7.3, 8.05, 11.6]) : null,
      humidity: r.chance(0.3) ? 40 + r.below(40) : null,
      doorOpen: r.chance(0.15) ? r.chance(0.5) : null,
      history: r.chance(0.1),
      simulated: r.chance(0.02),
    })
    log.push({ ...sample, unitId, organizationId, arrivalMs: ms + lateMs })
  }
  return log.sort((a, b) => a.arrivalMs - b.arrivalMs)
}

type Records = { [T in SinkTopic]?: TopicValues[T][] }

/** One unit's stage, and everything that it has said so far. */
class Unit {
  readonly config: UnitConfig
  readonly readings: Reading[] = []
  readonly #stage
  readonly #state
  #said: Records = {}
  readonly #late = new Set<string>()

  constructor(config: UnitConfig, grace: number) {
    this.config = config
    this.#stage = unitStage({ graceMs: grace })
    this.#state = this.#stage.initial(config.unitId)
    this.#stage.onRecord(this.#state, { topic: 'unit-configs', value: config }, this.#emit)
  }

  take(value: Reading, settles: boolean): void {
    this.readings.push(value)
    this.#stage.onRecord(this.#state, { topic: 'readings', value }, this.#emit)
    if (settles) this.settle()
  }

  settle(): void {
    this.#stage.settle(this.#state, this.#state.newestMs, this.#emit)
  }

  /** Openings are episodes: what comes too late for them moves no sum of theirs either. */
  sorted(): Reading[] {
    return this.readings
      .map((one) => (this.#late.has(`${one.deviceId} ${one.recordedAt}`) ? { ...one, doorOpen: null } : one))
      .sort((a, b) => a.recordedAt - b.recordedAt || (a.deviceId < b.deviceId ? -1 : 1))
  }

  said(): Records {
    const said = this.#said
    this.#said = {}
    return said
  }

  readonly #emit = (topic: string, _key: string, value: object): void => {
    if (topic === 'late-readings') {
      const late = value as TopicValues['late-readings']
      this.#late.add(`${late.deviceId} ${late.recordedAt}`)
    }
    const said = this.#said as Record<string, object[]>
    said[topic] = [...(said[topic] ?? []), { ...value }]
  }
}

/** As the sink does: the first stays where rows are appended, the highest revision where they are replaced. */
async function store(db: Postgres, topic: SinkTopic, values: readonly unknown[]): Promise<void> {
  const table = sinkTables[topic] as TableRows<never>
  const buffer = new CopyBuffer()
  for (const value of values)
    buffer.row(table.columns.length, (row) =>
      table.write(row, value as never, { topic, partition: 0, offset: 0 }),
    )
  const columns = table.columns.join(', ')
  const order = table.onConflict === 'replace' ? ', revision desc' : ''
  const replace = `do update set ${table.columns.map((column) => `${column} = excluded.${column}`).join(', ')}
    where ${table.table}.revision < excluded.revision`
  await db.transaction(async (sql) => {
    await sql.query(`create temp table staged (like ${table.table}) on commit drop`)
    await sql.copyIn(`copy staged (${columns}) from stdin (format binary)`, buffer.finish())
    await sql.query(
      `insert into ${table.table} (${columns})
       select distinct on (${table.key.join(', ')}) ${columns} from staged
       order by ${table.key.join(', ')}${order}
       on conflict (${table.key.join(', ')}) ${table.onConflict === 'replace' ? replace : 'do nothing'}`,
    )
  })
}

async function storeAll(db: Postgres, units: readonly Unit[], from: number[]): Promise<void> {
  for (const [index, unit] of units.entries()) {
    await store(db, 'readings', unit.readings.slice(from[index] ?? 0))
    const said = unit.said()
    for (const topic of ['rollups', 'door-openings', 'late-readings'] as const)
      await store(db, topic, said[topic] ?? [])
  }
}

type Figures = Record<string, number | null>

const figuresOf = ({ count, min, max, sum, sumSquares, ...more }: Rollup): Figures => ({
  ...{ reading_count: count, min_c: min, max_c: max, sum_c: sum, sum_squares_c2: sumSquares },
  ...{ known_seconds: more.knownSeconds, weighted_sum_c_seconds: more.weightedSum },
  ...{ mkt_numerator: more.mktNumerator * 1e15, mkt_denominator: more.mktDenominator },
  ...{ seconds_above: more.secondsAbove, seconds_below: more.secondsBelow },
  ...{ degree_minutes_above: more.degreeMinutesAbove, degree_minutes_below: more.degreeMinutesBelow },
  ...{ readings_out_of_range: more.readingsOutOfRange, door_openings: more.doorOpenings },
  ...{ door_open_seconds: more.doorOpenSeconds, humidity_count: more.humidityCount },
  ...{ humidity_sum: more.humiditySum, humidity_min: more.humidityMin, humidity_max: more.humidityMax },
})

/** What one run over the sorted log says. */
function expected(units: readonly Unit[]): Map<string, Figures> {
  const windows = new Map<string, Figures>()
  for (const unit of units) {
    const patient = new Unit(unit.config, Number.POSITIVE_INFINITY)
    for (const one of unit.sorted()) patient.take(one, false)
    patient.settle()
    for (const rollup of patient.said().rollups ?? [])
      if (!rollup.retracted)
        windows.set(`${rollup.unitId} ${rollup.granularity} ${rollup.start}`, figuresOf(rollup))
  }
  return windows
}

async function stored(db: Postgres): Promise<Map<string, Figures>> {
  const { rows } = await db.query<Figures & { unit_id: string; granularity: string; window_start: Date }>(
    'select *, mkt_numerator * 1e15 as mkt_numerator from rollups where not retracted',
  )
  return new Map(rows.map((row) => [`${row.unit_id} ${row.granularity} ${row.window_start.getTime()}`, row]))
}

/** One line a difference beyond 1e-9. */
function differences(want: Map<string, Figures>, have: Map<string, Figures>): string[] {
  const missing = [...want.keys()].filter((key) => !have.has(key)).map((key) => `${key} is missing`)
  const strange = [...have.keys()].filter((key) => !want.has(key)).map((key) => `${key} should not be`)
  const wrong = [...want].flatMap(([key, figures]) => {
    const found = have.get(key)
    if (found === undefined) return []
    return Object.entries(figures)
      .filter(([name, value]) => !isNear(value, found[name]))
      .map(([name, value]) => `${key} ${name}: ${found[name]}, not ${value}`)
  })
  return [...missing, ...strange, ...wrong]
}

function isNear(a: number | null, b: number | null | undefined): boolean {
  if (a === null || b === null || b === undefined) return a === b
  return Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(a), Math.abs(b))
}

test('late readings beyond grace end in the rollups of the sorted run, and a repair is repeated without a trace', async () => {
  const db = openPostgres(await freshDatabase(), { connectionsMax: 2 })
  onTestFinished(() => db.end())
  const r = random(20261121)
  const units = zones.map((zone) => new Unit(configOf(r, zone), graceMs))
  for (const unit of units) {
    for (const sample of logOf(r, unit.config)) unit.take(sample, r.chance(0.2))
    unit.settle()
    await db.query("insert into outbox (topic, key, value) values ('unit-configs', $1, $2)", [
      unit.config.unitId,
      JSON.stringify(unit.config),
    ])
  }
  await storeAll(db, units, [])
  const options: RepairOptions = { graceMs, pageUnits: 3 }
  expect(differences(expected(units), await stored(db)).length).toBeGreaterThan(100)
  const before = await revisions(db)

  const announced = await repairRollups(db, { ...options, isDryRun: true })
  expect(await revisions(db)).toEqual(before)
  const first = await repairRollups(db, options)
  expect(first).toMatchObject({ units: 4, windows: announced.windows, settled: 0 })
  expect(first.lateReadings).toBeGreaterThan(40)
  expect(differences(expected(units), await stored(db))).toEqual([])
  const after = await revisions(db)
  // Raised where nothing else will write, and only there: the stage's next word on an open month must count.
  expect(
    [...after].some(([key, revision]) => key.includes('hour') && revision > (before.get(key) ?? 0)),
  ).toBe(true)
  expect(
    [...after].filter(([key, revision]) => key.includes('month') && revision !== before.get(key)),
  ).toEqual([])
  expect(await repairRollups(db, options)).toMatchObject({ windows: { hour: 0, day: 0, week: 0, month: 0 } })
  expect(await revisions(db)).toEqual(after)

  // The stage goes on, and takes back the repaired months; another repair puts them right, now for good.
  const from = units.map(({ readings }) => readings.length)
  for (const { config, take } of units.map((unit) => ({ config: unit.config, take: unit.take.bind(unit) }))) {
    const { unitId, organizationId } = config
    for (const at of [startMs + hours(73), startMs + hours(24 * 40)])
      take({ ...reading({ at, device: device('a'), temperature: 5 }), unitId, organizationId }, true)
  }
  await storeAll(db, units, from)
  expect(differences(expected(units), await stored(db)).length).toBeGreaterThan(0)
  const second = await repairRollups(db, options)
  expect(second.settled).toBe(first.lateReadings)
  expect(differences(expected(units), await stored(db))).toEqual([])
  expect(await repairRollups(db, options)).toMatchObject({ units: 0, lateReadings: 0 })
})

async function revisions(db: Postgres): Promise<Map<string, number>> {
  const { rows } = await db.query<{ key: string; revision: number }>(
    "select concat_ws(' ', unit_id, granularity, window_start) as key, revision from rollups",
  )
  return new Map(rows.map(({ key, revision }) => [key, revision]))
}

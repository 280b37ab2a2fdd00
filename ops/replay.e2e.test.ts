// Replays against a pipeline that goes on: unchanged code and rules change nothing; a new rule changes what it should, and
// promoted, the tables are those of a pipeline that had the rule from the start.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { parse, stringify } from 'yaml'
import { withAdmin } from '../infra/kafka.ts'
import { freshDatabase, freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { digest, type TableDigest } from './digest.ts'
import type { ReplayDiff, TableDiff } from './replay/diff.ts'
import { type PipelineRun, type RunOptions, startPipelineRun } from './testing/pipeline-run.ts'
import { feedUplinks, type RecordedUplink, recordUplinks } from './testing/recorded-uplinks.ts'

const HOUR_MS = 3_600_000
const endMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 48 * HOUR_MS
const at = (hours: number) => new Date(endMs + hours * HOUR_MS).toISOString()
const lived = { from: at(-12), to: at(0) }
/**
 * The new rule holds for some hours of the span only, and ends before the demo's compressor fails: what is open at the cut is
 * production's to finish, and must be the same with and without it.
 */
const changed = { from: at(-11), to: at(-7) }
const span = { from: at(-12), to: at(-3) }

const dir = mkdtempSync(join(tmpdir(), 'coldstream-replay-'))
const demo = readFileSync(new URL('fleet/demo-fleet.yaml', import.meta.url), 'utf8')
const runs: PipelineRun[] = []
let production: Awaited<ReturnType<typeof freshRun>>
let uplinks: RecordedUplink[]

async function freshRun(options: RunOptions) {
  const { kafkaBrokers, schemaRegistryUrl } = testEngines()
  const prefix = freshPrefix()
  const databaseUrl = await freshDatabase()
  const run = await startPipelineRun({ kafkaBrokers, schemaRegistryUrl, databaseUrl, prefix }, options)
  runs.push(run)
  return { run, prefix, brokers: kafkaBrokers }
}

beforeAll(async () => {
  production = await freshRun({})
  await production.run.simulate({ ...lived, speed: 'max' })
  await production.run.settled(2_500)
  uplinks = await recordUplinks(production.brokers, production.prefix)
}, 240_000)

afterAll(async () => {
  rmSync(dir, { recursive: true })
  await Promise.all(runs.map((run) => run.stop()))
})

const replay = (...args: string[]) => production.run.command('replay', ...args)
const start = (name: string, ...more: string[]) =>
  replay('--topic', 'uplinks', '--from', span.from, '--to', span.to, '--name', name, ...more)
const diffOf = async (name: string) =>
  JSON.parse(await replay('diff', name, '--json', '--limit', '1000')) as ReplayDiff
const differing = ({ tables }: ReplayDiff) =>
  tables.filter(({ added, removed, changed: other, moved }) => added + removed + other + moved > 0)

test('unchanged code and rules diff to nothing; a dry run only says what it would read; a drop leaves nothing', async () => {
  const { run, prefix, brokers } = production
  const plan = await replay('--topic', 'uplinks', '--from', span.from, '--to', span.to, '--dry-run')
  expect(plan).toContain(`all together: ${uplinks.length} records, about`)
  expect(JSON.parse(await replay('list', '--json'))).toEqual([])

  const before = await digest(run.db)
  expect(await start('same')).toContain(`The replay same is ready: ${uplinks.length} uplinks.`)
  const diff = await diffOf('same')
  expect(differing(diff)).toEqual([])
  expect(diff.unitsMovedOn).toEqual([])
  expect(await replay('diff', 'same')).toContain('The replay changes nothing.')
  expect(await replay('promote', 'same')).toContain('Nothing differed')
  expect(await digest(run.db)).toEqual(before)

  await replay('drop', 'same')
  const own = `${prefix}replay-same.`
  const left = await withAdmin(brokers, async (admin) => [
    ...(await admin.listTopics()),
    ...(await admin.listGroups()).groups.map(({ groupId }) => groupId),
  ])
  expect(left.filter((name) => name.startsWith(own))).toEqual([])
  expect((await run.db.query("select 1 from pg_namespace where nspname = 'replay_same'")).rowCount).toBe(0)
  await expect(replay('diff', 'same')).rejects.toThrow('There is no replay same')
}, 240_000)

test('a decoder that was wrong diffs to the readings that it changes, by decoder; promoted, they are right', async () => {
  const { run } = production
  const right = await digest(run.db)
  // As an older version of the decoders had left them: all of the span are of version 0, and one device read 1 °C too much.
  const { rowCount } = await run.db.query(
    `update sensor_readings set decoder_version = 0 where recorded_at >= $1 and recorded_at < $2`,
    [span.from, span.to],
  )
  const { rows: wrong } = await run.db.query<{ device: string; decoder: string; count: number }>(
    `with one as (select device_id from sensor_readings where temperature_c is not null and not simulated
         and recorded_at >= $1 and recorded_at < $2 order by device_id limit 1),
       updated as (update sensor_readings set temperature_c = temperature_c + 1
         where device_id = (select device_id from one) and temperature_c is not null
           and recorded_at >= $1 and recorded_at < $2 returning *)
     select device_id as device, decoder, count(*)::integer as count from updated group by 1, 2`,
    [span.from, span.to],
  )
  const [{ device, decoder, count } = expect.fail('no reading to change')] = wrong

  await start('fix')
  const diff = await diffOf('fix')
  expect(differing(diff).map(({ table }) => table)).toEqual(['sensor_readings'])
  expect(diff.readings.reduce((sum, { readings }) => sum + readings, 0)).toBe(rowCount)
  for (const { before, after } of diff.readings) expect(before).toBe(after?.replace(/ v\d+$/, ' v0'))
  expect(diff.readings.find(({ before }) => before === `${decoder} v0`)?.temperature).toBe(count)
  expect(diff.readings.reduce((sum, { temperature }) => sum + temperature, 0)).toBe(count)
  // The values come first, whatever else has changed.
  const listed = countsOf(diff, 'sensor_readings')!.first.slice(0, count)
  expect(new Set(listed.map(({ after }) => after?.device_id))).toEqual(new Set([device]))
  expect(listed.every(({ fields }) => fields.includes('temperature_c'))).toBe(true)
  const text = await replay('diff', 'fix', '--limit', '1')
  expect(text).toMatch(
    new RegExp(`${decoder} v0 → ${decoder} v\\d+: \\d+ readings of .* ${count} of another temperature`),
  )

  expect(await replay('promote', 'fix')).toContain('sensor_readings:')
  expect(await digest(run.db)).toEqual(right)
  await replay('drop', 'fix')
}, 240_000)

type Rules = { rule?: Record<string, unknown>; ruleHistory?: unknown[] }
type Fleet = { organizations: { sites: { areas: { units: Rules[] }[] }[] }[] }

/** The demo's fleet with an upper limit that is 3 °C lower between the two instants, in every unit that has one. */
function changedFleet(): string {
  const fleet = parse(demo) as Fleet
  const units = fleet.organizations.flatMap(({ sites }) =>
    sites.flatMap(({ areas }) => areas.flatMap((area) => area.units)),
  )
  for (const unit of units) {
    const { rule } = unit
    if (typeof rule?.tempMax !== 'number') continue
    unit.ruleHistory = [rule, { ...rule, tempMax: rule.tempMax - 3, validFrom: changed.from }]
    unit.rule = { ...rule, validFrom: changed.to }
  }
  const path = join(dir, 'changed.yaml')
  writeFileSync(path, stringify(fleet))
  return path
}

/** What is told of the unit's rows, or of all. */
/** Without the revisions: they count how often a row was said, and that is a matter of commits. */
const rowsOf = ({ tables }: ReplayDiff, unit?: string) =>
  tables.flatMap(({ table, first }) =>
    first
      .filter(({ before, after }) => unit === undefined || (after ?? before)?.unit_id === unit)
      .map(({ kind, fields, after }) => ({ table, kind, fields, after: { ...after, revision: undefined } })),
  )

const countsOf = (diff: ReplayDiff, table: string): TableDiff | undefined =>
  diff.tables.find((one) => one.table === table)

/** Windows that had not ended within the span are production's to finish. */
async function settledDigest(run: PipelineRun): Promise<TableDigest[]> {
  await run.settled(2_000)
  await run.db.query('delete from rollups where window_end > $1', [span.to])
  return digest(run.db)
}

test('a new rule diffs to what it changes; promoted while production goes on, all is as if it had held from the start', async () => {
  const { run, prefix, brokers } = production
  const fleet = changedFleet()
  await run.command('fleet', 'apply', '--yes', fleet)
  const goingOn = run.simulate({ from: at(0), to: at(1), speed: '600' })
  expect(await start('rule')).toContain('The replay rule is ready')

  const diff = await diffOf('rule')
  expect(differing(diff).map(({ table }) => table)).toEqual(
    expect.arrayContaining(['excursions', 'unit_status_changes', 'rollups']),
  )
  expect(countsOf(diff, 'sensor_readings')).toBeUndefined()
  const excursions = countsOf(diff, 'excursions')!
  expect(excursions.added).toBeGreaterThan(0)
  expect(excursions.moved + excursions.changed).toBeGreaterThan(0)
  for (const { after } of excursions.first.filter(({ kind }) => kind === 'added'))
    expect(Date.parse(String(after?.started_at))).toBeGreaterThanOrEqual(Date.parse(changed.from))
  // A version that begins within an hour cuts its integrals in two: where it judges the same, the last bit may differ.
  const hours = countsOf(diff, 'rollups')!.first
  expect(new Set(hours.map(({ kind }) => kind))).toEqual(new Set(['changed']))
  expect(hours.filter(({ fields }) => fields.includes('seconds_above')).length).toBeGreaterThan(5)

  const unit = String(excursions.first[0]!.after!.unit_id)
  await start('one', '--units', unit)
  expect(rowsOf(await diffOf('one'))).toEqual(rowsOf(diff, unit))

  expect(await replay('promote', 'rule')).toContain('excursions:')
  await goingOn
  expect(differing(await diffOf('rule'))).toEqual([])
  const reference = await freshRun({ parts: ['sink'], fleet })
  // As a backlog, which is taken in the order of writing: fed to a process that runs, an hour would lie in 50 ms, and what one
  // partition is read later than another would be beyond grace.
  await feedUplinks(await recordUplinks(brokers, prefix), { ...reference, overMs: 100, isOld: true })
  reference.run.startAnother('process', {})
  const isSame = async () => expect(await settledDigest(reference.run)).toEqual(await settledDigest(run))
  await vi.waitFor(isSame, { timeout: 60_000, interval: 500 })
}, 240_000)

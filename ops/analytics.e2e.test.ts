// What analysts get: the views, the page about them, and Grafana's dashboards, each query run on a filled database.
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { Registry } from 'prom-client'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMetrics } from '../api/metrics.ts'
import { fillRegistry, fillTelemetry } from '../api/testing/fleet.ts'
import { idOf, insert, minutesAgo, NOW, rollup } from '../api/testing/rows.ts'
import { bridgeMetrics } from '../bridge/metrics.ts'
import { registerBackupMetrics } from '../infra/backup/metrics.ts'
import { openObjectStore } from '../infra/object-store.ts'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { promtoolPath } from '../infra/testing/promtool.ts'
import { sinkMetrics } from '../sinks/metrics.ts'
import { processMetrics } from '../topology/metrics.ts'
import { housekeeperMetrics } from './housekeeper/metrics.ts'

const root = join(import.meta.dirname, '..')

let postgres: Postgres
beforeAll(async () => {
  postgres = openPostgres(await freshDatabase())
  await postgres.transaction(fillRegistry)
  await postgres.transaction(fillTelemetry)
  await postgres.transaction((sql) =>
    insert(sql, 'rollups', [
      rollup('Back fridge', 'hour', minutesAgo(1_500), minutesAgo(1_440), {
        seconds_above: 600,
        known_seconds: 3_600,
      }),
    ]),
  )
})
afterAll(() => postgres?.end())

/** As an analyst: with the rights of the role alone. */
const asAnalyst = (text: string) =>
  postgres.transaction(
    async (sql) => {
      await sql.query('set local role coldstream_analyst')
      return (await sql.query(text)).rows
    },
    { readOnly: true },
  )

describe('the views', () => {
  test('say the figures that GraphQL says', async () => {
    const [row] = await asAnalyst(
      `select u.unit, e.direction, e.peak_c from analytics.excursions e join analytics.units u using (unit_id)
       where u.unit = 'Dairy wall' and e.state = 'open'`,
    )
    expect(row).toMatchObject({ unit: 'Dairy wall', direction: 'high', peak_c: expect.any(Number) })
  })

  test('have a meaning for each of them, and an analyst reads nothing else and changes nothing', async () => {
    const views = await asAnalyst(
      `select c.relname as name, obj_description(c.oid, 'pg_class') as meaning from pg_class c
       where c.relnamespace = 'analytics'::regnamespace and c.relkind = 'v'`,
    )
    expect(views.length).toBeGreaterThan(7)
    for (const { name, meaning } of views) expect(meaning, String(name)).toMatch(/\.$/)
    await expect(asAnalyst('select 1 from sensor_readings')).rejects.toThrow('permission denied')
    await expect(postgres.query('select 1 from sensor_readings limit 1')).resolves.toBeDefined()
  })

  test('open only the months that are asked for', async () => {
    const plan = await asAnalyst(
      `explain select avg(temperature_c) from analytics.readings
       where recorded_at >= '2026-01-10' and recorded_at < '2026-01-20'`,
    )
    const scanned = plan.map((line) => String(line['QUERY PLAN'])).filter((line) => line.includes('Scan'))
    expect(scanned.filter((line) => /sensor_readings/.test(line)).length).toBeLessThanOrEqual(2)
  })
})

test('every statement on the page about SQL runs as it stands', async () => {
  const page = readFileSync(join(root, 'docs/sql.md'), 'utf8')
  const statements = [...page.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, text = '']) => text)
  const asked = statements.filter((text) => /^select/i.test(text))
  expect(asked.length).toBeGreaterThan(3)
  for (const text of asked) await asAnalyst(text)
})

type Target = { rawSql?: string; expr?: string }
type Panel = { id: number; title: string; gridPos: { x: number; w: number }; targets: Target[] }
type Variable = { name: string; query: string }
type Board = { uid: string; title: string; panels: Panel[]; templating: { list: Variable[] } }

const boards = readdirSync(join(root, 'infra/grafana/dashboards')).map(
  (name) => JSON.parse(readFileSync(join(root, 'infra/grafana/dashboards', name), 'utf8')) as Board,
)
const targets = boards.flatMap(({ title, panels }) =>
  panels.flatMap((panel) => panel.targets.map((target) => ({ at: `${title}, ${panel.title}`, ...target }))),
)

/** As Grafana writes them: its macros and variables filled in. */
const filledIn = (text: string) =>
  text
    .replace(
      /\$__timeFilter\(([^)]+)\)/g,
      `$1 between '${minutesAgo(50_000).toISOString()}' and '${NOW.toISOString()}'`,
    )
    .replace(/\$__timeGroup\((\w+), \$__interval\)/g, `date_bin('5 minutes', $1, '2000-01-01')`)
    .replace(/\$\{organization:sqlstring\}/g, `'Acme Foods'`)
    .replace(/\$\{site:sqlstring\}/g, `'Berlin','Chicago'`)
    .replace(/\$\{unit\}/g, idOf('Dairy wall'))

describe("Grafana's dashboards", () => {
  test('have panels of their own ids inside the grid', () => {
    expect(new Set(boards.map(({ uid }) => uid)).size).toBe(3)
    for (const { panels } of boards) {
      expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
      for (const { gridPos } of panels) expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
    }
  })

  test.each(targets.filter(({ rawSql }) => rawSql !== undefined))(
    '$at asks a filled database',
    async ({ rawSql }) => {
      const text = filledIn(rawSql ?? '')
      expect(text).not.toContain('$')
      expect((await asAnalyst(text)).length).toBeGreaterThan(0)
    },
  )

  test('their variables list what there is', async () => {
    const variables = boards.flatMap(({ templating }) => templating.list)
    for (const { name, query } of variables) expect(await asAnalyst(filledIn(query)), name).not.toEqual([])
  })

  test('ask Prometheus in its language, and only for what the processes tell', async () => {
    const expressions = targets.flatMap(({ expr }) => expr ?? [])
    expect(expressions.length).toBeGreaterThan(15)
    const folder = mkdtempSync(join(tmpdir(), 'coldstream-promql-'))
    const rules = expressions.map((expr, index) => ({
      record: `expression_${index}`,
      expr: expr.replaceAll('$__rate_interval', '5m'),
    }))
    const file = join(folder, 'rules.yml')
    writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboards', rules }] }))
    const { stdout } = await promisify(execFile)(await promtoolPath(), ['check', 'rules', file])
    rmSync(folder, { recursive: true })
    expect(stdout).toContain(`${rules.length} rules found`)
    const told = await namesTold()
    for (const expr of expressions)
      for (const [name] of expr.matchAll(/\b(coldstream|process)_\w+/g))
        expect(told, `${name} of ${expr}`).toContain(name.replace(/_bucket$|_count$/, ''))
  }, 120_000)
})

async function namesTold(): Promise<string[]> {
  const state = { lag: 0, partitions: 0, isPostgresUp: true, pool: { inUse: 0, idle: 0, waiting: 0 } }
  const runtime = { tasks: () => [], copies: () => [], isReady: () => true, loopStillMs: () => 0, totals: {} }
  const backups = new Registry()
  registerBackupMetrics(backups, { db: postgres, store: openObjectStore(tmpdir()), storageBytesMax: 0 })
  const texts = await Promise.all([
    backups.metrics(),
    createMetrics().registry.metrics(),
    sinkMetrics(() => state).registry.metrics(),
    processMetrics(runtime as unknown as Parameters<typeof processMetrics>[0]).metrics(),
    housekeeperMetrics(() => ({ observation: undefined, isUp: true })).metrics(),
    bridgeMetrics({ inFlight: () => 0, spoolBytes: () => 0 }).text(),
  ])
  return texts.flatMap((text) => [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => name))
}

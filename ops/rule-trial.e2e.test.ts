// New rules tried on stored readings: what would have been added, removed and moved, and nothing written.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { applyFleet } from './fleet/apply.ts'
import { parseFleet } from './fleet/fleet-file.ts'
import { runCommand } from './run-command.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const startMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 30 * HOUR_MS
const dir = mkdtempSync(join(tmpdir(), 'coldstream-trial-'))
let databaseUrl = ''
let db: Postgres

type Rule = Record<string, unknown>
const unit = (slug: string, devEui: string, rule: Rule) => ({
  ...{ slug, name: `Unit ${slug}`, type: 'fridge', rule },
  devices: [{ devEui, name: slug, vendor: 'elsys', model: 'ers', kind: 'temperature' }],
})

type Rules = { warm: Rule; hot: Rule; calm: Rule }

/** `warm` is at 7 °C for two hours, `hot` rises from 4 to 14 °C and falls again, `calm` stays at 4 °C. */
function fleetText(rules: Rules): string {
  const units = [
    unit('warm', 'A84041000000000A', rules.warm),
    unit('hot', 'A84041000000000B', rules.hot),
    unit('calm', 'A84041000000000C', rules.calm),
  ]
  const sites = [{ slug: 's', name: 'Site', areas: [{ slug: 'a', name: 'Area', units }] }]
  return stringify({ organizations: [{ slug: 'o', name: 'O', timeZone: 'UTC', sites }] })
}

function fleetFile(name: string, rules: Rules): string {
  const path = join(dir, name)
  writeFileSync(path, fleetText(rules))
  return path
}

const rule = {
  tempMin: 0,
  tempMax: 8,
  excursionConfirmMinutesDoorClosed: 30,
  expectedReadingIntervalSeconds: 600,
}
const now = { warm: rule, hot: rule, calm: rule }

/** °C, so many minutes after the start. */
const courses: Record<string, (minutes: number) => number> = {
  warm: (minutes) => (minutes >= 120 && minutes < 240 ? 7 : 4),
  hot: (minutes) => 4 + Math.max(0, 10 - Math.abs(minutes - 300) / 10),
  calm: () => 4,
}

beforeAll(async () => {
  databaseUrl = await freshDatabase()
  db = openPostgres(databaseUrl, { connectionsMax: 2 })
  await applyFleet(db, parseFleet(fleetText(now), 'now.yaml'), startMs - 24 * HOUR_MS)
  const { rows } = await db.query<{ slug: string; unit: string; device: string; organization: string }>(
    `select u.slug, u.id as unit, a.device_id as device, u.organization_id as organization
     from units u join device_assignments a on a.unit_id = u.id`,
  )
  for (const { slug, unit: unitId, device, organization } of rows)
    for (let minutes = 0; minutes <= 24 * 60; minutes += 10)
      await db.query(
        `insert into sensor_readings (unit_id, recorded_at, device_id, organization_id, received_at, temperature_c,
           fault, history, simulated, decoder, decoder_version)
         values ($1, $2, $3, $4, $2, $5, false, false, false, 'test', 1)`,
        [unitId, new Date(startMs + minutes * MINUTE_MS), device, organization, courses[slug]!(minutes)],
      )
})

afterAll(async () => {
  rmSync(dir, { recursive: true })
  await db.end()
})

const dryRun = (...args: string[]) =>
  runCommand([join(import.meta.dirname, 'coldstream.ts'), 'dry-run', ...args], {
    ...process.env,
    DATABASE_URL: databaseUrl,
  })

const told = (rules: Rules, name: string, ...args: string[]) =>
  dryRun('--rules', fleetFile(name, rules), '--days', '2', ...args)

test('the rules that are in force already make no difference', async () => {
  const text = await told(now, 'same.yaml')
  expect(text).toContain('435 readings of 3 units')
  expect(text).toContain('alarms: no difference')
  expect(text).toContain('excursions: no difference')
})

test('new limits add, remove and move alarms, by the names that people use', async () => {
  const rules = {
    warm: { ...rule, tempMax: 6 },
    hot: { ...rule, tempMax: 10, excursionConfirmMinutesDoorClosed: 40 },
    calm: rule,
  }
  const text = await told(rules, 'moved.yaml')
  expect(text).toContain('alarms: 1 added, 1 moved')
  expect(text).toMatch(/\+ Site \/ Area \/ Unit warm {2}alarm_active/)
  expect(text).toMatch(/> Site \/ Area \/ Unit hot {2}alarm_active/)
  expect(text).not.toContain('Unit calm')

  const gone = JSON.parse(await told({ ...now, hot: { ...rule, tempMax: 20 } }, 'gone.yaml', '--json'))
  expect(gone.topics.alerts).toMatchObject([{ kind: 'removed', unit: 'Site / Area / Unit hot', after: null }])
  expect(gone.topics.excursions).toMatchObject([{ kind: 'removed' }])
})

test('a trial writes nothing, and says what is wrong with its file', async () => {
  const counts = async () =>
    (
      await db.query(
        `select (select count(*) from alert_rules) as rules, (select count(*) from outbox) as outbox,
           (select max(updated_at) from units) as updated`,
      )
    ).rows
  const before = await counts()
  await told({ ...now, warm: { ...rule, tempMax: 6 } }, 'nothing.yaml')
  expect(await counts()).toEqual(before)
  await expect(dryRun('--rules', join(dir, 'none.yaml'))).rejects.toThrow('none.yaml cannot be read')
  const bad = join(dir, 'bad.yaml')
  writeFileSync(bad, 'organizations: 7')
  await expect(dryRun('--rules', bad)).rejects.toThrow('bad.yaml')
})

test('without --rules the command asks for its files as ever', async () => {
  await expect(dryRun()).rejects.toThrow("error: required option '--config <file>' not specified")
  await expect(dryRun('--config', 'x.json')).rejects.toThrow(
    "error: required option '--observations <file>' not specified",
  )
})

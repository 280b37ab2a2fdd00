import { readFileSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { openPostgres, type Postgres } from '../../infra/postgres.ts'
import { freshDatabase } from '../../infra/testing/engines.ts'
import type { DeviceAssignments, UnitConfig } from '../../schemas/generated/types.ts'
import { applyFleet, planFleet } from './apply.ts'
import type { Fleet } from './declared.ts'
import { parseFleet } from './fleet-file.ts'
import { deviceIdOf, unitIdOf } from './wanted.ts'

const demoFile = 'ops/fleet/demo-fleet.yaml'
const demoText = readFileSync(demoFile, 'utf8')
const demo = () => parseFleet(demoText, demoFile)
const t0 = Date.parse('2026-05-01T08:00:00Z')
const t1 = Date.parse('2026-06-01T08:00:00Z')

async function openRegistry(): Promise<Postgres> {
  const db = openPostgres(await freshDatabase(), { connectionsMax: 4 })
  onTestFinished(() => db.end())
  return db
}

async function queued<T>(db: Postgres, topic: string, key: string): Promise<T[]> {
  const { rows } = await db.query('select value from outbox where topic = $1 and key = $2 order by id', [
    topic,
    key,
  ])
  return rows.map(({ value }) => value as T)
}

const unitOf = (fleet: Fleet, slug: string) =>
  fleet.organizations
    .flatMap(({ sites = [] }) => sites)
    .flatMap(({ areas = [] }) => areas)
    .flatMap(({ units = [] }) => units)
    .find((unit) => unit.slug === slug)!

const prep1 = unitIdOf('harbour-and-field', 'brooklyn-kitchen', 'prep-fridge-1')
const prep2 = unitIdOf('harbour-and-field', 'brooklyn-kitchen', 'prep-fridge-2')

test('the demo fleet is loaded once; applied again it changes and publishes nothing', async () => {
  const db = await openRegistry()
  const first = await applyFleet(db, demo(), t0)
  expect(first.recordsQueued).toBe(24 + 40)
  expect(first.plan.counts).toMatchObject({ changed: 0, removed: 0 })
  const counts = await db.query(`select (select count(*) from organizations) as organizations,
    (select count(*) from sites) as sites, (select count(*) from units) as units,
    (select count(*) from devices) as devices, (select count(distinct unit_type) from units) as types`)
  expect(counts.rows).toEqual([{ organizations: 2, sites: 3, units: 24, devices: 40, types: 6 }])
  const again = await applyFleet(db, demo(), t1)
  expect(again.plan.lines).toEqual([])
  expect(again.recordsQueued).toBe(0)
})

test('a unit gets its rule from all three scopes, and the zone of its site', async () => {
  const db = await openRegistry()
  await applyFleet(db, demo(), t0)
  const [config] = await queued<UnitConfig>(db, 'unit-configs', prep1)
  expect(config).toMatchObject({ unitId: prep1, timeZone: 'America/New_York' })
  expect(config!.versions).toHaveLength(1)
  expect(config!.versions[0]).toMatchObject({
    validFrom: 0,
    tempMin: 1,
    tempMax: 5,
    excursionConfirmMinutesDoorClosed: 15,
    excursionConfirmMinutesDoorOpen: 40,
    schedule: null,
  })
})

test('a changed rule holds from the moment it is applied, and the old one stays before it', async () => {
  const db = await openRegistry()
  await applyFleet(db, demo(), t0)
  const fleet = demo()
  unitOf(fleet, 'prep-fridge-1').rule!.tempMax = 4
  unitOf(fleet, 'prep-fridge-1').rule!.schedule = { days: [1, 2], startHour: 8, endHour: 20 }
  const { plan, recordsQueued } = await applyFleet(db, fleet, t1)
  expect(plan.lines).toEqual([
    '+ rule of unit harbour-and-field/brooklyn-kitchen/prep-fridge-1 from 2026-06-01T08:00:00.000Z: ' +
      'tempMin 1, tempMax 4, schedule {"days":[1,2],"startHour":8,"endHour":20}',
  ])
  expect(recordsQueued).toBe(1)
  const versions = (await queued<UnitConfig>(db, 'unit-configs', prep1)).at(-1)!.versions
  expect(versions.map(({ validFrom, tempMax }) => [validFrom, tempMax])).toEqual([
    [0, 5],
    [t1, 4],
  ])
  expect((await applyFleet(db, fleet, t1 + 1000)).plan.lines).toEqual([])
})

test('a rule of the site changes the records of all its units', async () => {
  const db = await openRegistry()
  await applyFleet(db, demo(), t0)
  const fleet = demo()
  fleet.organizations[0]!.sites![1]!.rule!.delayMinutes = 3
  expect((await applyFleet(db, fleet, t1)).recordsQueued).toBe(8)
})

test('a device that moves keeps its readings: its place gets a version', async () => {
  const db = await openRegistry()
  await applyFleet(db, demo(), t0)
  const fleet = demo()
  const [device] = unitOf(fleet, 'prep-fridge-1').devices!.splice(0, 1)
  unitOf(fleet, 'prep-fridge-2').devices!.push({ ...device!, validFrom: '2026-05-20T00:00:00Z' })
  await applyFleet(db, fleet, t1)
  const { deviceId, versions } = (await queued<DeviceAssignments>(db, 'devices', device!.devEui)).at(-1)!
  expect(deviceId).toBe(deviceIdOf(device!.devEui))
  expect(versions.map(({ validFrom, unitId }) => [validFrom, unitId])).toEqual([
    [0, prep1],
    [Date.parse('2026-05-20T00:00:00Z'), prep2],
  ])
})

test('what the file leaves out is marked as removed, its device is nowhere, its rule ends; and it may come back', async () => {
  const db = await openRegistry()
  await applyFleet(db, demo(), t0)
  const fleet = demo()
  const area = fleet.organizations[0]!.sites![1]!.areas![0]!
  const [removed] = area.units!.splice(0, 1)
  const { plan } = await applyFleet(db, fleet, t1)
  expect(plan.counts.removed).toBe(3)
  expect(plan.lines.filter((line) => line.startsWith('-'))[0]).toContain('prep-fridge-1')
  const config = (await queued<UnitConfig>(db, 'unit-configs', prep1)).at(-1)!
  expect(config.versions.at(-1)).toMatchObject({
    validFrom: t1,
    tempMax: null,
    expectedReadingIntervalSeconds: null,
  })
  const { devEui } = removed!.devices![0]!
  const placed = async () => (await queued<DeviceAssignments>(db, 'devices', devEui)).at(-1)!.versions
  expect((await placed()).at(-1)).toMatchObject({ validFrom: t1, unitId: null })

  await applyFleet(db, demo(), t1 + 60_000)
  expect((await placed()).at(-1)).toMatchObject({ validFrom: t1 + 60_000, unitId: prep1 })
  expect((await db.query('select count(*) as n from units where deleted_at is not null')).rows).toEqual([
    { n: 0 },
  ])
})

test('organizations that a file does not name stay, and their devices cannot be taken', async () => {
  const db = await openRegistry()
  await applyFleet(db, demo(), t0)
  const only = { organizations: demo().organizations.slice(1) }
  expect((await planFleet(db, only, t1)).lines).toEqual([])
  const { devEui } = unitOf(demo(), 'prep-fridge-1').devices![0]!
  unitOf(only, 'plasma-freezer').devices!.push({ devEui, name: 'taken' })
  await expect(planFleet(db, only, t1)).rejects.toThrow(devEui)
})

test('nothing is applied where the plan is no longer the one that was shown', async () => {
  const db = await openRegistry()
  const shown = await planFleet(db, demo(), t0)
  const other = demo()
  other.organizations[0]!.name = 'Another'
  await applyFleet(db, other, t0)
  await expect(applyFleet(db, demo(), t0, shown)).rejects.toThrow('look at the plan again')
})

test('two appliers at once give what one gives', async () => {
  const db = await openRegistry()
  const results = await Promise.all([applyFleet(db, demo(), t0), applyFleet(db, demo(), t0 + 1)])
  expect(results.map(({ recordsQueued }) => recordsQueued).sort()).toEqual([0, 64])
})

test('a preset and budgets reach the unit, and applied again they change nothing', async () => {
  const db = await openRegistry()
  const fleet = demo()
  const unit = unitOf(fleet, 'prep-fridge-1')
  const budgets = [{ name: 'warm', side: 'above', limit: 6, over: 'day', minutes: 90 }]
  unit.rule = { preset: 'who-vaccine-refrigerator', tempMin: 3 }
  unitOf(fleet, 'prep-fridge-2').rule = { budgets }
  await applyFleet(db, fleet, t0)
  const [first] = await queued<UnitConfig>(db, 'unit-configs', prep1)
  expect(first!.versions[0]).toMatchObject({
    tempMin: 3,
    tempMax: 8,
    budgets: [
      { name: 'heat', limit: 8, minutes: 600 },
      { name: 'freeze', limit: -0.5, atLimit: true, minutes: 60 },
    ],
  })
  const [second] = await queued<UnitConfig>(db, 'unit-configs', prep2)
  expect(second!.versions[0]?.budgets).toEqual([{ ...budgets[0], atLimit: false, lot: null }])
  expect((await applyFleet(db, fleet, t1)).plan.lines).toEqual([])
})

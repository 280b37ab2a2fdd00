// Connections, rollups and series over a real, migrated Postgres: paging, ranges, derived figures.
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { type FilledApi, filledApi } from './testing/filled-api.ts'
import { idOf, insert, minutesAgo, reading } from './testing/rows.ts'

let postgres: Postgres
let api: FilledApi
const silent = pino({ level: 'silent' })

beforeAll(async () => {
  postgres = openPostgres(await freshDatabase())
  api = await filledApi(postgres, silent)
})
afterAll(async () => {
  await api?.app.close()
  await postgres?.end()
})
beforeEach(() => {
  api.statements()
})

const unitQuery = (fields: string, name: string) => `{ unit(id: "${idOf(name)}") { ${fields} } }`
const askUnit = async (name: string, fields: string) => {
  const { data, errors } = await api.ask(unitQuery(fields, name))
  expect(errors).toBeUndefined()
  return data.unit
}

describe('connections', () => {
  const page = async (args: string) =>
    (
      await askUnit(
        'Dairy wall',
        `readings(from: "2026-02-01T00:00:00Z", to: "2026-02-03T12:00:00Z", ${args}) {
           nodes { recordedAt deviceId } edges { cursor node { recordedAt } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`,
      )
    ).readings

  type Page = Awaited<ReturnType<typeof page>>
  const keys = ({ nodes }: Page): string[] =>
    nodes.map((node: { recordedAt: string; deviceId: string }) => `${node.recordedAt} ${node.deviceId}`)

  beforeAll(async () => {
    // Three devices, and a simulated twin, at one instant.
    const at = minutesAgo(500)
    const same = (device: string, simulated = false) =>
      reading({ unit: 'Dairy wall', device, at, temperatureC: 4, simulated })
    await postgres.transaction((sql) =>
      insert(sql, 'sensor_readings', [same('a'), same('b'), same('c'), same('c', true)]),
    )
  })

  test('forward and backward pages show every reading once, in one order, over equal instants', async () => {
    const whole = await page('first: 1000')
    expect(keys(whole)).toEqual([...keys(whole)].sort())
    const forward: string[] = []
    for (let after: string | null = null, more = true; more; ) {
      const part: Page = await page(`first: 7, after: ${JSON.stringify(after)}`)
      expect(part.pageInfo.hasPreviousPage).toBe(after !== null)
      forward.push(...keys(part))
      after = part.pageInfo.endCursor
      more = part.pageInfo.hasNextPage
    }
    expect(forward).toEqual(keys(whole))
    const backward: string[] = []
    for (let before: string | null = null, more = true; more; ) {
      const part: Page = await page(`last: 7, before: ${JSON.stringify(before)}`)
      backward.unshift(...keys(part))
      before = part.pageInfo.startCursor
      more = part.pageInfo.hasPreviousPage
    }
    expect(backward).toEqual(keys(whole))
  })

  test('a cursor between rows of one instant goes on with the next device, and simulated rows come on request', async () => {
    const range = `from: "${minutesAgo(500).toISOString()}", to: "${minutesAgo(499.99).toISOString()}"`
    const read = async (args: string) =>
      (
        await askUnit(
          'Dairy wall',
          `readings(${range}, ${args}) { nodes { deviceId simulated } edges { cursor } }`,
        )
      ).readings
    const all = await read('includeSimulated: true')
    expect(all.nodes).toHaveLength(4)
    const rest = await read(`includeSimulated: true, after: "${all.edges[1].cursor}"`)
    expect(rest.nodes).toEqual(all.nodes.slice(2))
    expect((await read('first: 10')).nodes).toHaveLength(3)
  })

  test('a range is half open', async () => {
    const between = async (from: number, to: number) =>
      (
        await askUnit(
          'Salad bar',
          `readings(from: "${minutesAgo(from).toISOString()}", to: "${minutesAgo(to).toISOString()}") { nodes { recordedAt } }`,
        )
      ).readings.nodes.map((node: { recordedAt: string }) => node.recordedAt)
    expect(await between(21, 1)).toEqual([21, 11].map((minutes) => minutesAgo(minutes).toISOString()))
    expect(await between(20.999, 0.999)).toEqual([11, 1].map((minutes) => minutesAgo(minutes).toISOString()))
  })

  test('an episode is in every range that it touches; an open one lasts until now', async () => {
    const fields =
      'state startedAt confirmedAt endedAt durationSeconds peak(unit: F) degreeMinutes(unit: F) asOf'
    const { excursions } = await askUnit(
      'Dairy wall',
      `excursions(from: "${minutesAgo(30).toISOString()}") { nodes { ${fields} } }`,
    )
    expect(excursions.nodes).toEqual([
      {
        state: 'OPEN',
        startedAt: minutesAgo(40).toISOString(),
        confirmedAt: minutesAgo(25).toISOString(),
        endedAt: null,
        durationSeconds: 40 * 60,
        peak: 50,
        degreeMinutes: 36,
        asOf: minutesAgo(1).toISOString(),
      },
    ])
    const touching = async (from: number, to: number) =>
      (
        await askUnit(
          'Dairy wall',
          `excursions(from: "${minutesAgo(from).toISOString()}", to: "${minutesAgo(to).toISOString()}") { nodes { durationSeconds } }`,
        )
      ).excursions.nodes
    expect(await touching(1_970, 1_965)).toEqual([{ durationSeconds: 2_400 }])
    expect(await touching(1_960, 1_900)).toEqual([]) // it ended at 1,960: half open
    expect(await touching(2_100, 2_000)).toEqual([]) // it started at 2,000
  })

  test('every list of a unit, retracted rows left out, in one statement each', async () => {
    const unit = await askUnit(
      'Dairy wall',
      `excursions { nodes { id } } doorOpenings { nodes { durationSeconds closedAt } } doorEvents { nodes { doorOpen } }
       silences { nodes { missedCheckins durationSeconds } } statusHistory { nodes { status } } alerts { nodes { type severity durationSeconds } }`,
    )
    expect(unit).toMatchObject({
      excursions: { nodes: [{}, {}] },
      doorOpenings: { nodes: [{ durationSeconds: 480 }] },
      doorEvents: { nodes: [{ doorOpen: true }, { doorOpen: false }] },
      silences: { nodes: [{ missedCheckins: 6, durationSeconds: 3_600 }] },
      statusHistory: { nodes: [{ status: 'OK' }, { status: 'ALARM_ACTIVE' }] },
      alerts: { nodes: [{ type: 'ALARM_ACTIVE', severity: 'CRITICAL', durationSeconds: 1_200 }] },
    })
    expect(api.statements()).toHaveLength(7)
    const salad = await askUnit(
      'Salad bar',
      'excursions { nodes { id } } alerts { nodes { id } } statusHistory { nodes { status } }',
    )
    expect(salad).toEqual({
      excursions: { nodes: [] },
      alerts: { nodes: [] },
      statusHistory: { nodes: [{ status: 'OK' }] },
    })
  })
})

describe('rollups and series', () => {
  test('means are made from the sums when asked for', async () => {
    const { rollups } = await askUnit(
      'Dairy wall',
      `rollups(granularity: DAY) { nodes { granularity start end count sum mean mean_F: mean(unit: F) timeWeightedMean mkt coverage humidityMean isFinal revision } }`,
    )
    expect(rollups.nodes).toEqual([
      {
        granularity: 'DAY',
        start: '2026-02-01T23:00:00.000Z',
        end: '2026-02-02T23:00:00.000Z',
        count: 6,
        sum: 24,
        mean: 4,
        mean_F: expect.closeTo(39.2, 9),
        timeWeightedMean: (4 * 3_600) / 43_200,
        mkt: expect.closeTo(4, 6),
        coverage: 0.5,
        humidityMean: 55,
        isFinal: true,
        revision: 1,
      },
    ])
  })

  test('retracted windows are left out and a range is asked by the window’s start', async () => {
    const { rollups } = await askUnit(
      'Dairy wall',
      'rollups(granularity: HOUR, last: 1000) { nodes { start coverage } }',
    )
    expect(rollups.nodes).toHaveLength(48)
    const ranged = await askUnit(
      'Dairy wall',
      'rollups(granularity: HOUR, from: "2026-02-03T00:00:00Z", to: "2026-02-03T03:00:00Z") { nodes { start } }',
    )
    expect(ranged.rollups.nodes.map((node: { start: string }) => node.start.slice(11, 16))).toEqual([
      '00:00',
      '01:00',
      '02:00',
    ])
  })

  test('a series keeps the extremes of the readings in each span', async () => {
    const all = await askUnit(
      'Dairy wall',
      'readings(from: "2026-02-02T12:00:00Z", last: 1000) { nodes { temperature } }',
    )
    const temperatures = all.readings.nodes.map((node: { temperature: number }) => node.temperature)
    const { temperatureSeries: spans } = await askUnit(
      'Dairy wall',
      'temperatureSeries(from: "2026-02-02T12:00:00Z", to: "2026-02-03T12:00:00Z", maxPoints: 10) { min max mean count at }',
    )
    expect(spans).toHaveLength(10)
    expect(Math.min(...spans.map((span: { min: number }) => span.min))).toBe(Math.min(...temperatures))
    expect(Math.max(...spans.map((span: { max: number }) => span.max))).toBe(Math.max(...temperatures))
    expect(spans.reduce((sum: number, span: { count: number }) => sum + span.count, 0)).toBe(
      temperatures.length,
    )
  })
})

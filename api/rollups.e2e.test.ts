// Rollups over units, sites, organizations and types, over a real, migrated Postgres: what adds up, what is a mean, which
// windows there are, and who was worst.
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { type FilledApi, filledApi } from './testing/filled-api.ts'
import { idOf, insert, NOW, rollup, silence } from './testing/rows.ts'

let postgres: Postgres
let api: FilledApi

const HOUR_MS = 3_600_000
const mkt = (celsius: number) => Math.exp(-10_000 / (celsius + 273.15))
const at = (text: string) => new Date(text)

/** So many known seconds at one temperature. */
const held = (celsius: number, seconds: number, more: object = {}) => ({
  reading_count: 1,
  min_c: celsius - 1,
  max_c: celsius + 1,
  sum_c: celsius,
  known_seconds: seconds,
  weighted_sum_c_seconds: celsius * seconds,
  mkt_numerator: mkt(celsius) * seconds,
  mkt_denominator: seconds,
  ...more,
})

// Berlin's clocks went forward in the night to 2025-03-30; Chicago's had on the 9th.
const days = [
  [
    'Salad bar',
    '2025-03-28T23:00:00Z',
    '2025-03-29T23:00:00Z',
    held(4, 86_400, { seconds_above: 60, door_openings: 3 }),
  ],
  ['Salad bar', '2025-03-30T22:00:00Z', '2025-03-31T22:00:00Z', held(5, 43_200, { door_open_seconds: 90 })],
  [
    'Walk-in 1',
    '2025-03-28T23:00:00Z',
    '2025-03-29T23:00:00Z',
    held(8, 43_200, { seconds_below: 30, door_openings: 1 }),
  ],
  ['Back fridge', '2025-03-29T05:00:00Z', '2025-03-30T05:00:00Z', held(2, 86_400, { seconds_above: 10 })],
] as const

beforeAll(async () => {
  postgres = openPostgres(await freshDatabase())
  api = await filledApi(postgres, pino({ level: 'silent' }))
  const hours = (unit: string, from: string, celsius: readonly number[], more: object = {}) =>
    celsius.map((value, index) => {
      const start = new Date(at(from).getTime() + index * HOUR_MS)
      return rollup(unit, 'hour', start, new Date(start.getTime() + HOUR_MS), held(value, 3_600, more))
    })
  await postgres.transaction((sql) =>
    insert(sql, 'rollups', [
      ...days.map(([unit, from, to, more]) => rollup(unit, 'day', at(from), at(to), more)),
      ...hours('Salad bar', '2025-03-29T22:00:00Z', [1, 2, 3], { seconds_above: 100, door_open_seconds: 7 }),
      ...hours('Salad bar', '2025-03-30T01:00:00Z', [4], { seconds_above: 100 }),
      ...hours('Back fridge', '2025-03-29T22:00:00Z', [9], { seconds_above: 1_000 }),
      rollup('Salad bar', 'month', at('2025-01-31T23:00:00Z'), at('2025-02-28T23:00:00Z'), {
        seconds_above: 5_000,
      }),
    ]),
  )
  await postgres.transaction((sql) =>
    insert(sql, 'silences', [
      silence('Salad bar', at('2025-03-29T10:00:00Z'), {
        state: 'closed',
        ended_at: at('2025-03-29T12:00:00Z'),
      }),
      silence('Salad bar', at('2025-03-28T00:00:00Z'), { state: 'retracted' }),
    ]),
  )
})
afterAll(async () => {
  await api?.app.close()
  await postgres?.end()
})
beforeEach(() => {
  api.statements()
})

const ask = async (query: string) => {
  const { data, errors } = await api.ask(query)
  expect(errors).toBeUndefined()
  return data
}
const site = async (name: string, fields: string) =>
  (await ask(`{ site(id: "${idOf(name)}") { ${fields} } }`)).site
const march = 'from: "2025-03-28T12:00:00Z", to: "2025-04-01T00:00:00Z"'

describe('several units together', () => {
  test('sums add up, and a mean or an MKT is made of the added parts', async () => {
    const { rollups } = await site(
      'Berlin',
      `rollups(granularity: DAY, ${march}) { nodes { start end unitCount count min max mean timeWeightedMean mkt coverage
        knownSeconds secondsAbove secondsBelow doorOpenings doorOpenSeconds isFinal localStart(timeZone: "Europe/Berlin") } }`,
    )
    const numerator = mkt(4) * 86_400 + mkt(8) * 43_200
    expect(rollups.nodes).toEqual([
      {
        start: '2025-03-28T23:00:00.000Z',
        end: '2025-03-29T23:00:00.000Z',
        localStart: '2025-03-29T00:00:00+01:00',
        ...{ unitCount: 2, count: 2, min: 3, max: 9, mean: 6, knownSeconds: 129_600, isFinal: true },
        timeWeightedMean: (4 * 86_400 + 8 * 43_200) / 129_600,
        mkt: expect.closeTo(10_000 / -Math.log(numerator / 129_600) - 273.15, 9),
        coverage: 0.75,
        ...{ secondsAbove: 60, secondsBelow: 30, doorOpenings: 4, doorOpenSeconds: 0 },
      },
      expect.objectContaining({
        start: '2025-03-30T22:00:00.000Z',
        unitCount: 1,
        coverage: 0.5,
        doorOpenSeconds: 90,
      }),
    ])
    expect(api.statements()).toHaveLength(2)
  })

  test('the day of an organization is the same date in all its sites, however late it begins there', async () => {
    const { organization } = await ask(
      `{ organization(slug: "acme") { rollups(granularity: DAY, ${march}) { nodes { start end unitCount } } } }`,
    )
    expect(organization.rollups.nodes[0]).toEqual({
      start: '2025-03-28T23:00:00.000Z',
      end: '2025-03-30T05:00:00.000Z',
      unitCount: 3,
    })
  })

  test('each type of unit for itself, and all in two statements beside the site’s own', async () => {
    const { unitTypes } = await site(
      'Berlin',
      `unitTypes { type unitCount rollups(granularity: DAY, ${march}) { nodes { unitCount timeWeightedMean } } }`,
    )
    expect(
      unitTypes.map(({ type, unitCount }: { type: string; unitCount: number }) => [type, unitCount]),
    ).toEqual([
      ['FRIDGE', 1],
      ['FREEZER', 1],
      ['DISPLAY_CASE', 1],
      ['WALK_IN_COOLER', 1],
    ])
    expect(unitTypes[0].rollups.nodes).toEqual([
      { unitCount: 1, timeWeightedMean: 4 },
      { unitCount: 1, timeWeightedMean: 5 },
    ])
    expect(unitTypes[3].rollups.nodes).toEqual([{ unitCount: 1, timeWeightedMean: 8 }])
    expect(api.statements()).toHaveLength(3)
  })

  test('pages forward and backward show every window once', async () => {
    const page = (args: string) =>
      site(
        'Berlin',
        `rollups(granularity: HOUR, ${march}, ${args}) { nodes { start } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } }`,
      )
    const whole = (await page('first: 100')).rollups.nodes
    expect(whole).toHaveLength(4)
    const first = (await page('first: 3')).rollups
    expect(first.pageInfo.hasNextPage).toBe(true)
    const rest = (await page(`first: 3, after: "${first.pageInfo.endCursor}"`)).rollups
    expect([...first.nodes, ...rest.nodes]).toEqual(whole)
    const last = (await page('last: 2')).rollups
    const before = (await page(`last: 2, before: "${last.pageInfo.startCursor}"`)).rollups
    expect([...before.nodes, ...last.nodes]).toEqual(whole)
  })
})

test('a unit that is asked for twice has its days twice, not four times', async () => {
  const days = `{ name rollups(granularity: DAY, ${march}) { nodes { start } } }`
  const { a, b } = await ask(
    `{ a: unit(id: "${idOf('Salad bar')}") ${days} b: unit(id: "${idOf('Salad bar')}") ${days} }`,
  )
  expect(a.rollups.nodes).toHaveLength(2)
  expect(b).toEqual(a)
})

describe('a time zone of one’s own', () => {
  test('days are cut anew out of hours, each of which counts where it starts', async () => {
    const { unit } = await ask(
      `{ unit(id: "${idOf('Salad bar')}") { rollups(granularity: DAY, timeZone: "UTC", from: "2025-03-29T00:00:00Z", to: "2025-03-31T00:00:00Z") {
         nodes { start end count timeWeightedMean secondsAbove } } } }`,
    )
    expect(unit.rollups.nodes).toEqual([
      {
        start: '2025-03-29T00:00:00.000Z',
        end: '2025-03-30T00:00:00.000Z',
        count: 2,
        timeWeightedMean: 1.5,
        secondsAbove: 200,
      },
      {
        start: '2025-03-30T00:00:00.000Z',
        end: '2025-03-31T00:00:00.000Z',
        count: 2,
        timeWeightedMean: 3.5,
        secondsAbove: 200,
      },
    ])
  })

  test('only windows that start in the range are there, and those whole', async () => {
    const { rollups } = await site(
      'Berlin',
      'rollups(granularity: DAY, timeZone: "UTC", from: "2025-03-29T23:00:00Z", to: "2025-03-30T00:00:01Z") { nodes { start count } }',
    )
    expect(rollups.nodes).toEqual([{ start: '2025-03-30T00:00:00.000Z', count: 2 }])
  })

  test.each(['+01:00', 'Mars/Olympus', ''])('%j is refused', async (zone) => {
    const { errors } = await api.ask(
      `{ site(id: "${idOf('Berlin')}") { rollups(granularity: DAY, timeZone: "${zone}", ${march}) { nodes { start } } } }`,
    )
    expect(errors?.[0]).toMatchObject({
      extensions: { code: 'BAD_INPUT' },
      message: expect.stringContaining('IANA'),
    })
  })
})

describe('gaps', () => {
  test('with NULLS every window is there: the short day of spring, and each hour of the autumn night', async () => {
    const { unit } = await ask(
      `{ unit(id: "${idOf('Salad bar')}") {
         days: rollups(granularity: DAY, gaps: NULLS, ${march}) { nodes { start unitCount count min timeWeightedMean knownSeconds coverage isFinal } }
         autumn: rollups(granularity: HOUR, gaps: NULLS, from: "2025-10-25T23:00:00Z", to: "2025-10-26T03:00:00Z") {
           nodes { localStart(timeZone: "Europe/Berlin") } } } }`,
    )
    const starts = unit.days.nodes.map(({ start }: { start: string }) => start.slice(5, 16))
    expect(starts).toEqual(['03-28T23:00', '03-29T23:00', '03-30T22:00', '03-31T22:00'])
    expect(unit.days.nodes[1]).toMatchObject({
      ...{
        unitCount: 0,
        count: 0,
        min: null,
        timeWeightedMean: null,
        knownSeconds: 0,
        coverage: null,
        isFinal: false,
      },
    })
    expect(unit.days.nodes[2]).toMatchObject({ unitCount: 1, timeWeightedMean: 5 })
    expect(unit.autumn.nodes.map(({ localStart }: { localStart: string }) => localStart.slice(11))).toEqual([
      '01:00:00+02:00',
      '02:00:00+02:00',
      '02:00:00+01:00',
      '03:00:00+01:00',
    ])
  })

  test('of an organization each date is there, with the sites whose day began later or earlier', async () => {
    const { organization } = await ask(
      `{ organization(slug: "acme") { rollups(granularity: DAY, gaps: NULLS, ${march}) { nodes { unitCount localStart(timeZone: "Europe/Berlin") } } } }`,
    )
    expect(organization.rollups.nodes.map(({ unitCount }: { unitCount: number }) => unitCount)).toEqual([
      3, 0, 1, 0,
    ])
  })

  test('pages of them go on where they ended, and a range is needed', async () => {
    const page = async (args: string) =>
      (
        await ask(`{ unit(id: "${idOf('Salad bar')}") { rollups(granularity: DAY, gaps: NULLS, ${march}, ${args}) {
        nodes { start } pageInfo { hasNextPage endCursor } } } }`)
      ).unit.rollups
    const first = await page('first: 3')
    expect(first.pageInfo.hasNextPage).toBe(true)
    const rest = await page(`first: 3, after: "${first.pageInfo.endCursor}"`)
    expect(rest.nodes.map(({ start }: { start: string }) => start)).toEqual(['2025-03-31T22:00:00.000Z'])
    const { errors } = await api.ask(
      `{ unit(id: "${idOf('Salad bar')}") { rollups(granularity: DAY, gaps: NULLS) { nodes { start } } } }`,
    )
    expect(errors?.[0]?.extensions.code).toBe('BAD_RANGE')
  })

  test('Lord Howe puts its clocks back by half an hour: one hour of that night is half as long', async () => {
    await postgres.query(`update sites set time_zone = 'Australia/Lord_Howe' where id = $1`, [
      idOf('Warehouse'),
    ])
    const { rollups } = await site(
      'Warehouse',
      'rollups(granularity: HOUR, gaps: NULLS, from: "2026-04-04T13:30:00Z", to: "2026-04-04T16:30:00Z") { nodes { start end } }',
    )
    const minutes = rollups.nodes.map(
      ({ start, end }: { start: string; end: string }) => (Date.parse(end) - Date.parse(start)) / 60_000,
    )
    expect(minutes).toEqual([60, 30, 60])
  })
})

describe('the worst', () => {
  const top = async (by: string, range: string, more = '') =>
    (await site('Berlin', `topUnits(by: ${by}, ${range}${more}) { unit { name } seconds share }`)).topUnits

  test('by time out of range, out of the months, days and hours that fill the range', async () => {
    // The month of February, the day of the 29th of March, three hours of the 30th and 31st.
    expect(
      await top('TIME_OUT_OF_RANGE', 'from: "2025-01-31T23:00:00Z", to: "2025-03-30T00:00:00Z"'),
    ).toEqual([
      { unit: { name: 'Salad bar' }, seconds: 5_000 + 60 + 100, share: expect.any(Number) },
      { unit: { name: 'Walk-in 1' }, seconds: 30, share: expect.any(Number) },
    ])
    expect(
      await top('TIME_OUT_OF_RANGE', 'from: "2025-03-29T22:00:00Z", to: "2025-03-30T00:00:00Z"'),
    ).toEqual([{ unit: { name: 'Salad bar' }, seconds: 200, share: 200 / 7_200 }])
  })

  test('by door-open time, as many as were asked for, of a whole organization too', async () => {
    expect(await top('DOOR_OPEN_TIME', march)).toMatchObject([{ unit: { name: 'Salad bar' }, seconds: 90 }])
    const { organization } = await ask(
      `{ organization(slug: "acme") { topUnits(by: TIME_OUT_OF_RANGE, ${march}, first: 1) { unit { name } seconds } } }`,
    )
    expect(organization.topUnits).toEqual([{ unit: { name: 'Salad bar' }, seconds: 60 }])
  })

  test('by silence, as far as it lies inside the range; one that goes on counts up to now', async () => {
    expect(await top('SILENCE', 'from: "2025-03-29T11:30:00Z", to: "2025-03-30T00:00:00Z"')).toEqual([
      { unit: { name: 'Salad bar' }, seconds: 1_800, share: 1_800 / (12.5 * 3_600) },
    ])
    const [worst] = await top(
      'SILENCE',
      `from: "2026-02-03T00:00:00Z", to: "${new Date(NOW.getTime() + HOUR_MS).toISOString()}"`,
    )
    expect(worst).toMatchObject({ unit: { name: 'Freezer 2' }, seconds: 220 * 60 })
  })

  test.each(['first: 0', 'first: 1001'])('%s is refused', async (first) => {
    const { errors } = await api.ask(
      `{ site(id: "${idOf('Berlin')}") { topUnits(by: SILENCE, ${march}, ${first}) { seconds } } }`,
    )
    expect(errors?.[0]?.extensions.code).toBe('BAD_PAGE')
  })
})

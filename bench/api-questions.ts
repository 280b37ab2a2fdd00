// What readers ask the API, and the same of PostGraphile as far as its schema can say it: it has no status, no latest value
// and no rule of a unit, so those of a page are the newest rows of the tables that they come from.
import { type Fleet, siteId } from './api-data.ts'
import { unitId } from './years-data.ts'

const DAY_MS = 86_400_000

// The dashboard is JavaScript for browsers, which the type check leaves out.
const dashboard = (file: string) => import(new URL(`../api/dashboard/${file}`, import.meta.url).href)
const page: Record<'UNIT_QUERY' | 'FIGURES_QUERY' | 'READINGS_QUERY' | 'WINDOWS_QUERY', string> =
  await dashboard('unit-query.js')
const wall: { FLEET_QUERY: string } = await dashboard('fleet-query.js')

export type Asked = { query: string; variables: Record<string, unknown> }
export type ApiQuestion = {
  name: string
  /** Most milliseconds of the 99th percentile; null: only told. */
  p99MsMax: number | null
  ours: (index: number) => Asked
  /** Null: not to be asked of it. */
  theirs: ((index: number) => Asked) | null
}

/** `index` goes up with each request: each asks another unit. */
export function apiQuestions({ units, denseUnits, sites, untilMs }: Fleet): ApiQuestion[] {
  const to = new Date(untilMs).toISOString()
  const monthAgo = new Date(Date.UTC(2026, 9, 1)).toISOString()
  const yearAgo = new Date(untilMs - 365 * DAY_MS).toISOString()
  const unit = (index: number) => unitId((index * 37) % units)
  const dense = (index: number) => unitId((index * 37) % denseUnits)
  const site = (index: number) => siteId((index * 7) % sites)
  const hundred = (index: number) =>
    Array.from({ length: 100 }, (_, i) => unitId((index * 31 + i * 7) % units))
  return [
    {
      name: 'simple: a unit and its status',
      p99MsMax: null,
      ours: (i) => ({
        query: 'query Simple($id: ID!) { unit(id: $id) { id name type } }',
        variables: { id: unit(i) },
      }),
      theirs: (i) => ({
        query: 'query Simple($id: UUID!) { unitById(id: $id) { id name unitType } }',
        variables: { id: unit(i) },
      }),
    },
    {
      name: 'the page of a unit: the dashboard’s own first query',
      p99MsMax: 25,
      ours: (i) => ({
        query: page.UNIT_QUERY,
        variables: { id: dense(i), unit: 'C' },
      }),
      theirs: null,
    },
    {
      name: 'its figures: 24 hours, 14 days, a heat map of 1,000 hours',
      p99MsMax: 25,
      ours: (i) => ({
        query: page.FIGURES_QUERY,
        variables: { id: dense(i), unit: 'C', heatFrom: new Date(untilMs - 42 * DAY_MS).toISOString() },
      }),
      theirs: null,
    },
    ...zooms(untilMs, dense),
    {
      name: 'a site’s 50 units: names, status, latest value, door',
      p99MsMax: 25,
      ours: (i) => ({ query: SITE_QUERY, variables: { id: site(i) } }),
      theirs: null,
    },
    {
      name: 'a unit’s excursions, openings, silences, alerts and statuses, the last 20 each',
      p99MsMax: 25,
      ours: (i) => ({ query: EPISODES, variables: { id: unit(i) } }),
      theirs: (i) => ({ query: EPISODES_PG, variables: { id: unit(i) } }),
    },
    {
      name: 'a year of daily rollups of 100 units',
      p99MsMax: 100,
      ours: (i) => ({ query: YEAR, variables: { ids: hundred(i), from: yearAgo, to } }),
      theirs: (i) => ({ query: YEAR_PG, variables: { ids: hundred(i), from: yearAgo, to } }),
    },
    {
      name: 'a year of a site, its 50 units summed by day',
      p99MsMax: 100,
      ours: (i) => ({ query: SUMMED, variables: { id: site(i), from: yearAgo, to } }),
      theirs: null,
    },
    {
      name: 'a month of one unit in 1,000 spans (min, max, mean)',
      p99MsMax: 50,
      ours: (i) => ({ query: SPANS, variables: { id: dense(i), from: monthAgo, to } }),
      theirs: null,
    },
    {
      name: 'a month of one unit, 1,000 readings of it (LTTB)',
      p99MsMax: 50,
      ours: (i) => ({ query: CHOSEN, variables: { id: dense(i), from: monthAgo, to } }),
      theirs: null,
    },
    {
      name: 'a month of one unit, all 8,928 readings of it',
      p99MsMax: null,
      ours: (i) => ({ query: ALL, variables: { id: dense(i), from: monthAgo, to } }),
      theirs: (i) => ({ query: ALL_PG, variables: { id: dense(i), from: monthAgo, to } }),
    },
    {
      name: 'the ten worst of 1,000 units in a year, by time out of range',
      p99MsMax: null,
      ours: () => ({
        query: `query Worst($from: DateTime!, $to: DateTime!) { organization(slug: "bench") {
          topUnits(by: TIME_OUT_OF_RANGE, from: $from, to: $to) { unit { name } seconds } } }`,
        variables: { from: yearAgo, to },
      }),
      theirs: null,
    },
    {
      name: 'the wall of all units: status, latest value, door, rule',
      p99MsMax: null,
      ours: () => ({ query: wall.FLEET_QUERY, variables: { unit: 'C', after: null } }),
      theirs: null,
    },
  ]
}

/** What the chart of a unit asks, from two years down to an hour. */
function zooms(untilMs: number, dense: (index: number) => string): ApiQuestion[] {
  const asked = (name: string, days: number, query: string, more: object): ApiQuestion => ({
    name: `zoom: ${name}`,
    p99MsMax: 50,
    ours: (i) => ({
      query,
      variables: {
        ...{ id: dense(i), unit: 'C', to: new Date(untilMs).toISOString() },
        ...{ from: new Date(untilMs - days * DAY_MS).toISOString(), ...more },
      },
    }),
    theirs: null,
  })
  const spans = { points: 900, doors: 1_000 }
  return [
    asked('2 years, in days', 730, page.WINDOWS_QUERY, { granularity: 'DAY', after: null }),
    asked('3 months, in hours, one page of three', 41, page.WINDOWS_QUERY, {
      granularity: 'HOUR',
      after: null,
    }),
    asked('1 month, of readings', 31, page.READINGS_QUERY, spans),
    asked('1 week', 7, page.READINGS_QUERY, spans),
    asked('1 day', 1, page.READINGS_QUERY, spans),
    asked('1 hour', 1 / 24, page.READINGS_QUERY, spans),
  ]
}

const CARD =
  'id name type status { status since } latest { temperature temperatureAt recordedAt } door { open since }'
const SITE_QUERY = `query Site($id: ID!) { site(id: $id) { name timeZone units { nodes { ${CARD} area { name } } } } }`
const EPISODES = `query Episodes($id: ID!) { unit(id: $id) { name
  excursions(last: 20) { nodes { startedAt endedAt peak } } doorOpenings(last: 20) { nodes { openedAt closedAt } }
  silences(last: 20) { nodes { startedAt endedAt } } alerts(last: 20) { nodes { type triggeredAt } }
  statusHistory(last: 20) { nodes { status since } } } }`
const newest = (field: string, order: string, columns: string) =>
  `${field}: all${field}(condition: { unitId: $id }, first: 20, orderBy: ${order}) { nodes { ${columns} } }`
const EPISODES_PG = `query Episodes($id: UUID!) { unitById(id: $id) { name }
  ${newest('Excursions', 'STARTED_AT_DESC', 'startedAt endedAt peakC')}
  ${newest('DoorOpenings', 'OPENED_AT_DESC', 'openedAt closedAt')}
  ${newest('Silences', 'STARTED_AT_DESC', 'startedAt endedAt')}
  ${newest('Alerts', 'TRIGGERED_AT_DESC', 'alertType triggeredAt')}
  ${newest('UnitStatusChanges', 'CHANGED_AT_DESC', 'status changedAt')} }`

const YEAR = `query Year($ids: [ID!]!, $from: DateTime!, $to: DateTime!) { nodes(ids: $ids) { ... on Unit { id
  rollups(granularity: DAY, from: $from, to: $to, first: 366) { nodes { start min max timeWeightedMean } } } } }`
const YEAR_PG = `query Year($ids: [UUID!]!, $from: Datetime!, $to: Datetime!) { allRollups(orderBy: PRIMARY_KEY_ASC,
  filter: { unitId: { in: $ids }, granularity: { equalTo: DAY }, windowStart: { greaterThanOrEqualTo: $from, lessThan: $to } }) {
  nodes { unitId windowStart minC maxC weightedSumCSeconds knownSeconds } } }`
const SUMMED = `query Summed($id: ID!, $from: DateTime!, $to: DateTime!) { site(id: $id) {
  rollups(granularity: DAY, from: $from, to: $to, first: 366) { nodes { start min max timeWeightedMean mkt coverage } } } }`
const SPANS = `query Month($id: ID!, $from: DateTime!, $to: DateTime!) { unit(id: $id) {
  temperatureSeries(from: $from, to: $to, maxPoints: 1000) { at min max mean } } }`
const CHOSEN = `query Month($id: ID!, $from: DateTime!, $to: DateTime!) { unit(id: $id) {
  readings(from: $from, to: $to, downsample: 1000) { nodes { recordedAt temperature } } } }`
const ALL = `query Month($id: ID!, $from: DateTime!, $to: DateTime!) { unit(id: $id) {
  ${Array.from({ length: 9 }, (_, i) => {
    const day = (n: number) => `"${new Date(Date.UTC(2026, 9, 1 + n)).toISOString()}"`
    return `p${i}: readings(from: ${i === 0 ? '$from' : day(i * 3.5)}, to: ${i === 8 ? '$to' : day((i + 1) * 3.5)}, first: 1000) { nodes { recordedAt temperature } }`
  }).join(' ')} } }`
const ALL_PG = `query Month($id: UUID!, $from: Datetime!, $to: Datetime!) { allSensorReadings(orderBy: PRIMARY_KEY_ASC,
  filter: { unitId: { equalTo: $id }, recordedAt: { greaterThanOrEqualTo: $from, lessThan: $to } }) {
  nodes { recordedAt temperatureC } } }`

// What the API asks of two years of readings, in the API's own words, and which tables Postgres opened for it.
import type { Query } from '../api/database.ts'
import { latestOfDevices, latestOfUnits } from '../api/queries/latest.ts'
import { pageOfUnits } from '../api/queries/pages.ts'
import { temperatureSeries } from '../api/queries/series.ts'
import type { Postgres } from '../infra/postgres.ts'
import { deviceId, unitId, type Years } from './years-data.ts'

const DAY_MS = 86_400_000

export type Question = {
  name: string
  /** Asks it of random units at random times, all drawn from `draw` (0 ≤ x < 1). */
  ask: (query: Query, draw: () => number) => Promise<readonly unknown[]>
  /** Most partitions of the readings that may hold what was asked for, empty ones ahead included. */
  partitionsMax: number
}

export function questionsOf(years: Years): Question[] {
  const { units, rollupUnits, untilMs, fromMs } = years
  const someUnits = (n: number, of: number, draw: () => number) =>
    Array.from({ length: n }, () => unitId(Math.floor(draw() * of)))
  const page = { limit: 100, backward: false, key: undefined }
  const now = new Date(untilMs)
  const month = (draw: () => number) => Math.floor(draw() * years.monthStartsMs.length)
  return [
    {
      name: 'a day of one unit, 100 readings of it',
      ask: (query, draw) => {
        const startMs = fromMs + Math.floor(draw() * ((untilMs - fromMs) / DAY_MS - 1)) * DAY_MS
        const [from, to] = [new Date(startMs), new Date(startMs + DAY_MS)]
        return pageOfUnits(query, 'readings', { unitIds: someUnits(1, units, draw), page, from, to })
      },
      partitionsMax: 1,
    },
    {
      name: 'a month of one unit, in 1,000 spans',
      ask: (query, draw) => {
        const index = month(draw)
        const from = new Date(years.monthStartsMs[index] ?? 0)
        const to = new Date(years.monthStartsMs[index + 1] ?? untilMs)
        return temperatureSeries(query, someUnits(1, units, draw), { from, to, maxPoints: 1_000 })
      },
      partitionsMax: 1,
    },
    {
      name: 'the latest values of 50 units',
      ask: (query, draw) => latestOfUnits(query, someUnits(50, units, draw), now, undefined),
      partitionsMax: 3,
    },
    {
      name: 'the latest values of 50 devices',
      ask: (query, draw) => {
        const indexes = Array.from({ length: 50 }, () => Math.floor(draw() * units))
        return latestOfDevices(query, indexes.map(deviceId), indexes.map(unitId), now)
      },
      partitionsMax: 3,
    },
    {
      name: 'a year of daily rollups of 100 units',
      ask: (query, draw) =>
        pageOfUnits(query, 'rollups', {
          unitIds: someUnits(100, rollupUnits, draw),
          page: { ...page, limit: 366 },
          from: new Date(untilMs - 365 * DAY_MS),
          to: now,
          granularity: 'day',
        }),
      partitionsMax: 0,
    },
  ]
}

export const plainQuery =
  (db: Postgres): Query =>
  async <R>(text: string, values: readonly unknown[]) =>
    (await db.query(text, values, { readOnly: true })).rows as R[]

type PlanNode = {
  'Node Type': string
  'Relation Name'?: string
  'Actual Loops'?: number
  'Shared Hit Blocks'?: number
  'Shared Read Blocks'?: number
  Plans?: PlanNode[]
}

export type Opened = {
  partitions: string[]
  seqScans: string[]
  milliseconds: number
  /** Blocks of 8 KiB that were looked at: the same on a busy machine. */
  blocks: number
}

/** Runs what the question asks under EXPLAIN ANALYZE: the tables that were looked into, and those read from end to end. */
export async function openedBy(db: Postgres, question: Question, draw: () => number): Promise<Opened> {
  const opened: Opened = { partitions: [], seqScans: [], milliseconds: 0, blocks: 0 }
  const explaining: Query = async <R>(text: string, values: readonly unknown[]) => {
    const { rows } = await db.query<{ 'QUERY PLAN': [{ Plan: PlanNode; 'Execution Time': number }] }>(
      `explain (analyze, buffers, timing off, format json) ${text}`,
      values,
    )
    for (const { 'QUERY PLAN': plans } of rows)
      for (const plan of plans) {
        collect(plan.Plan, opened)
        opened.blocks += (plan.Plan['Shared Hit Blocks'] ?? 0) + (plan.Plan['Shared Read Blocks'] ?? 0)
        opened.milliseconds += plan['Execution Time']
      }
    return [] as R[]
  }
  await question.ask(explaining, draw)
  opened.partitions = [...new Set(opened.partitions)].sort()
  return opened
}

function collect(node: PlanNode, opened: Opened): void {
  const table = node['Relation Name']
  if (table !== undefined && (node['Actual Loops'] ?? 0) > 0) {
    if (table.startsWith('sensor_readings_')) opened.partitions.push(table)
    if (node['Node Type'] === 'Seq Scan') opened.seqScans.push(table)
  }
  for (const child of node.Plans ?? []) collect(child, opened)
}

// What a replay will read and how long that takes, and whether its span can be replayed at all.
import type { Postgres } from '../../infra/postgres.ts'
import { PipelineError } from '../../schemas/failure.ts'
import { topicName } from '../../schemas/topics.ts'
import { type LogRange, oldestMs, rangesFrom, rangesOf } from './log-copy.ts'

/** Where no replay has run here yet; a two-core machine with everything on it does some more. */
const UPLINKS_PER_S = 10_000

export type SpanOptions = {
  brokers: string
  prefix: string
  from: Date
  to: Date
  graceMs: number
  nowMs: number
}

export type Plan = {
  cutAt: Date
  settledTo: Date
  ranges: LogRange[]
  uplinks: number
  /** Of each partition: records that were written within the span. */
  inSpan: Map<number, number>
  oldest: Date | null
}

/**
 * All of the log up to now is read, from its very beginning: what an uplink means depends on all that came before it, and how
 * an episode of the span ends, on what came after it.
 */
export async function planReplay({ brokers, prefix, from, to, graceMs, nowMs }: SpanOptions): Promise<Plan> {
  const topic = topicName(prefix, 'uplinks')
  const settledTo = new Date(nowMs - graceMs)
  const problems: string[] = []
  if (from >= to) problems.push('--from must be before --to.')
  if (to > settledTo)
    problems.push(
      `--to must be ${settledTo.toISOString()} or earlier: what is newer than GRACE may still change by itself.`,
    )
  if (problems.length > 0) throw new PipelineError('CONFIG_INVALID', { problems })
  const ranges = await rangesOf(brokers, topic)
  const oldest = await oldestMs(brokers, topic, ranges)
  if (oldest !== null && ranges.some(({ first }) => first > 0) && from.getTime() < oldest) {
    const begin = new Date(oldest).toISOString()
    problems.push(`The log is kept from ${begin} on: what was before is not known. Choose a later --from.`)
    throw new PipelineError('CONFIG_INVALID', { problems })
  }
  const [starts, ends] = [await rangesFrom(brokers, topic, from), await rangesFrom(brokers, topic, to)]
  const inSpan = ranges.map(({ partition, end }): [number, number] => {
    const [first, next] = [starts.get(partition) ?? end, ends.get(partition) ?? end]
    return [partition, Math.max(0, (next < 0 ? end : next) - (first < 0 ? end : first))]
  })
  return {
    ...{ cutAt: new Date(nowMs), settledTo, ranges },
    uplinks: ranges.reduce((sum, { first, end }) => sum + end - first, 0),
    inSpan: new Map(inSpan),
    oldest: oldest === null ? null : new Date(oldest),
  }
}

/** As fast as the last one here was. */
export async function uplinksPerSecond(db: Postgres): Promise<{ rate: number; isMeasured: boolean }> {
  const { rows } = await db.query<{ rate: number }>(
    `select uplinks / seconds as rate from replays where seconds > 0 and uplinks > 0 order by created_at desc limit 1`,
  )
  const rate = rows[0]?.rate
  return rate === undefined ? { rate: UPLINKS_PER_S, isMeasured: false } : { rate, isMeasured: true }
}

export function planText(plan: Plan, { rate, isMeasured }: { rate: number; isMeasured: boolean }): string {
  const lines = plan.ranges.map(
    ({ partition, first, end }) =>
      `partition ${String(partition).padStart(3)}: ${String(end - first).padStart(10)} records, ` +
      `${plan.inSpan.get(partition) ?? 0} of them written within the span`,
  )
  const seconds = Math.ceil(plan.uplinks / rate)
  const source = isMeasured ? 'as the last replay here' : 'a cautious guess: none has run here yet'
  return [
    ...lines,
    `all together: ${plan.uplinks} records, about ${durationText(seconds)} at ${Math.round(rate)}/s (${source})`,
    plan.oldest === null
      ? 'The log is empty.'
      : `The log begins at ${plan.oldest.toISOString()}; all of it is read, so that the state at --from is right.`,
  ].join('\n')
}

function durationText(seconds: number): string {
  if (seconds < 120) return `${seconds} s`
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3_600).toFixed(1)} h`
}

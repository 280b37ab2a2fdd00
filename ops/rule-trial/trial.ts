// `coldstream dry-run --rules`: the stored readings under the registry's rules and under those of a file, by the stages of
// production, and the episodes in which the two differ.
import type { Postgres } from '../../infra/postgres.ts'
import type { Reading, TopicValues, UnitConfig } from '../../schemas/generated/types.ts'
import { UnitTask } from '../dry-run/unit-task.ts'
import type { Fleet } from '../fleet/declared.ts'
import { type Difference, fieldsOf, type Json } from '../replay/diff.ts'
import { pairMoved } from '../replay/moved.ts'
import { type UnitTrial, unitTrials } from './configs.ts'
import { newestReadingMs, storedReadings } from './readings.ts'

const DAY_MS = 86_400_000

/** The stages read so much more before the days asked for, so that what is running at their begin is known. */
const LEAD_MS = 2 * DAY_MS

export const trialTopics = ['alerts', 'excursions', 'silences', 'door-openings'] as const
export type TrialTopic = (typeof trialTopics)[number]

const episodes: Record<TrialTopic, { start: string; end: string; same: readonly string[] }> = {
  alerts: { start: 'causeStartedAt', end: 'resolvedAt', same: ['unitId', 'alertType'] },
  excursions: { start: 'startedAt', end: 'endedAt', same: ['unitId', 'direction'] },
  silences: { start: 'startedAt', end: 'endedAt', same: ['unitId'] },
  'door-openings': { start: 'openedAt', end: 'closedAt', same: ['unitId'] },
}

/** What says nothing of an episode to a person: bookkeeping, and how far it was told. */
const ignored = ['revision', 'asOf']

export type TrialDifference = Difference & { unit: string }

export type Trial = {
  from: Date
  to: Date
  units: number
  readings: number
  topics: Record<TrialTopic, TrialDifference[]>
}

export type TrialOptions = { days: number; graceMs: number; nowMs: number }

export async function tryRules(db: Postgres, fleet: Fleet, options: TrialOptions): Promise<Trial> {
  const fromMs = options.nowMs - options.days * DAY_MS
  const trials = await unitTrials(db, fleet, fromMs - LEAD_MS)
  const ids = trials.map(({ unitId }) => unitId)
  const toMs = Math.min(options.nowMs, (await newestReadingMs(db, ids, fromMs)) ?? fromMs)
  const topics: Trial['topics'] = { alerts: [], excursions: [], silences: [], 'door-openings': [] }
  let count = 0
  for (const trial of trials) {
    const readings = await storedReadings(db, trial.unitId, fromMs - LEAD_MS)
    count += readings.length
    const found = differencesOf(trial, readings, { fromMs, toMs, graceMs: options.graceMs })
    for (const topic of trialTopics)
      topics[topic].push(...found[topic].map((difference) => ({ ...difference, unit: trial.name })))
  }
  return { from: new Date(fromMs), to: new Date(toMs), units: trials.length, readings: count, topics }
}

type Span = { fromMs: number; toMs: number; graceMs: number }

export function differencesOf(
  { before, after }: Pick<UnitTrial, 'before' | 'after'>,
  readings: readonly Reading[],
  span: Span,
): Record<TrialTopic, Difference[]> {
  const [old, young] = [runUnder(before, readings, span), runUnder(after, readings, span)]
  return Object.fromEntries(
    trialTopics.map((topic) => [
      topic,
      pairMoved(compared(old.get(topic), young.get(topic)), episodes[topic]),
    ]),
  ) as Record<TrialTopic, Difference[]>
}

type Records = Map<string, Json>

/** The last revision of each episode that begins in the span; retracted ones never were. */
function runUnder(config: UnitConfig, readings: readonly Reading[], { fromMs, toMs, graceMs }: Span) {
  const records = new Map<TrialTopic, Records>(trialTopics.map((topic) => [topic, new Map()]))
  const task = new UnitTask(graceMs, (topic, value) => {
    const of = records.get(topic as TrialTopic)
    if (of !== undefined) keep(of, topic as TrialTopic, value as TopicValues[TrialTopic], fromMs)
  })
  task.configure(config)
  for (const reading of readings) task.take(reading)
  task.finish(toMs)
  return records
}

function keep(of: Records, topic: TrialTopic, value: TopicValues[TrialTopic], fromMs: number): void {
  const start = (value as unknown as Json)[episodes[topic].start]
  if (isRetracted(value) || Number(start) < fromMs || isOfEntries(value)) of.delete(value.id)
  else of.set(value.id, readable(value as unknown as Json))
}

const isRetracted = (value: TopicValues[TrialTopic]): boolean =>
  ('status' in value ? value.status : value.state) === 'retracted'

/** What people enter by hand is not among the readings: without it, every log would be missed. */
const isOfEntries = (value: TopicValues[TrialTopic]): boolean =>
  'alertType' in value && value.alertType === 'missed_manual_entry'

function readable(value: Json): Json {
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      typeof field === 'number' && name.endsWith('At') ? new Date(field).toISOString() : field,
    ]),
  )
}

function compared(before: Records = new Map(), after: Records = new Map()): Difference[] {
  const ids = [...new Set([...before.keys(), ...after.keys()])]
  return ids.flatMap((id): Difference[] => {
    const [old, young] = [before.get(id) ?? null, after.get(id) ?? null]
    if (old === null) return [{ kind: 'added', before: null, after: young, fields: [] }]
    if (young === null) return [{ kind: 'removed', before: old, after: null, fields: [] }]
    const fields = fieldsOf(old, young, ignored)
    return fields.length === 0 ? [] : [{ kind: 'changed', before: old, after: young, fields }]
  })
}

// What new rules would have changed, as a person reads it.
import type { Difference, Json } from '../replay/diff.ts'
import { type Trial, type TrialDifference, type TrialTopic, trialTopics } from './trial.ts'

const names: Record<TrialTopic, string> = {
  alerts: 'alarms',
  excursions: 'excursions',
  silences: 'silences',
  'door-openings': 'door openings',
}
const signs: Record<Difference['kind'], string> = { added: '+', removed: '-', changed: '~', moved: '>' }
const kinds = ['added', 'removed', 'moved', 'changed'] as const

export function trialText({ from, to, units, readings, topics }: Trial): string {
  const head = `${readings} readings of ${units} units, ${from.toISOString()} to ${to.toISOString()}`
  return [head, ...trialTopics.flatMap((topic) => topicLines(names[topic], topics[topic]))].join('\n')
}

function topicLines(name: string, differences: readonly TrialDifference[]): string[] {
  if (differences.length === 0) return [`${name}: no difference`]
  const counts = kinds
    .map((kind) => [differences.filter((difference) => difference.kind === kind).length, kind] as const)
    .filter(([count]) => count > 0)
    .map(([count, kind]) => `${count} ${kind}`)
  return [`${name}: ${counts.join(', ')}`, ...differences.map(lineOf)]
}

function lineOf({ kind, unit, before, after, fields }: TrialDifference): string {
  const row = after ?? before ?? {}
  const sort = [row.alertType, row.direction].filter((word) => typeof word === 'string').join(' ')
  const changes = fields.map((name) => `${name} ${text(before?.[name])} → ${text(after?.[name])}`)
  return `  ${signs[kind]} ${[unit, sort, spanOf(row), ...changes].filter(Boolean).join('  ')}`
}

function spanOf(row: Json): string {
  const [start, end] = [
    row.triggeredAt ?? row.startedAt ?? row.openedAt,
    row.resolvedAt ?? row.endedAt ?? row.closedAt,
  ]
  return `${text(start)} to ${end == null ? 'now' : text(end)}`
}

const text = (value: unknown): string =>
  value === null || value === undefined
    ? '-'
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value)

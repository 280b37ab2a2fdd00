// Replays and what they would change, as a person reads them.
import type { Difference, Json, ReplayDiff, TableDiff } from './diff.ts'
import type { Promoted } from './promote.ts'
import { readingChangesLine } from './readings.ts'
import type { Replay } from './replays.ts'

const signs: Record<Difference['kind'], string> = { added: '+', removed: '-', changed: '~', moved: '>' }

export function replayLine({ name, state, from, to, units, uplinks, createdAt }: Replay): string {
  const span = `${from.toISOString()} to ${to.toISOString()}`
  const whom = units === null ? 'all units' : `${units.length} units`
  return `${name.padEnd(18)}${state.padEnd(10)}${span}  ${whom}, ${uplinks} uplinks, of ${createdAt.toISOString()}`
}

export function diffText({ tables, readings, unitsMovedOn }: ReplayDiff): string {
  const lines = tables.flatMap((table) => [
    countLine(table),
    ...(table.table === 'sensor_readings' ? readings.map(readingChangesLine) : []),
    ...table.first.map(differenceLine),
  ])
  if (tables.every(({ added, removed, changed, moved }) => added + removed + changed + moved === 0))
    lines.unshift('The replay changes nothing.')
  if (unitsMovedOn.length > 0)
    lines.push(
      `${unitsMovedOn.length} units have had samples of that time since the replay was cut, and are left as they are: ${unitsMovedOn.join(', ')}. Replay once more to cover them.`,
    )
  return lines.join('\n')
}

function countLine({ table, added, removed, changed, moved, open }: TableDiff): string {
  const parts = [
    [added, 'added'],
    [removed, 'removed'],
    [moved, 'moved'],
    [changed, 'changed'],
    [open, 'still open, left as they are'],
  ] as const
  const told = parts.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`)
  return `${table}: ${told.join(', ')}`
}

function differenceLine({ kind, before, after, fields }: Difference): string {
  const row = after ?? before ?? {}
  const changes = fields.map((name) => `${name} ${text(before?.[name])} → ${text(after?.[name])}`)
  return `  ${signs[kind]} ${[headOf(row), ...changes].join('  ')}`
}

const heads = [
  'unit_id',
  'device_id',
  'granularity',
  'alert_type',
  'direction',
  'status',
  'event_type',
  'reason',
]
const starts = [
  'started_at',
  'opened_at',
  'triggered_at',
  'changed_at',
  'window_start',
  'recorded_at',
  'occurred_at',
]
const ends = ['ended_at', 'closed_at', 'resolved_at', 'window_end']

function headOf(row: Json): string {
  const told = heads.flatMap((name) => (row[name] == null ? [] : [text(row[name])]))
  const start = starts.find((name) => row[name] != null)
  const end = ends.find((name) => row[name] != null)
  const at = start === undefined ? [] : [text(row[start])]
  return [...told, ...at, ...(end === undefined ? [] : [`to ${text(row[end])}`])].join(' ')
}

const text = (value: unknown): string =>
  value === null || value === undefined
    ? '-'
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value).replace(/\+00:00$/, 'Z')

export function promotedText(promoted: Promoted): string {
  if (promoted.length === 0) return 'Nothing differed: the tables are as they were.'
  const lines = promoted.map(
    ({ table, written, takenBack }) => `${table}: ${written} written, ${takenBack} taken back`,
  )
  return lines.join('\n')
}

/** `12,345/100,000 uplinks (12 %), 8,100/s, done at 15:04:05`. */
export function progressText(done: number, total: number, elapsedMs: number, nowMs: number): string {
  const share = total === 0 ? 100 : Math.floor((done / total) * 100)
  const counted = `${done.toLocaleString('en')}/${total.toLocaleString('en')} uplinks (${share} %)`
  if (done === 0 || elapsedMs === 0) return counted
  const perMs = done / elapsedMs
  const end = new Date(nowMs + (total - done) / perMs).toISOString().slice(11, 19)
  return `${counted}, ${Math.round(perMs * 1_000).toLocaleString('en')}/s, done at ${end}Z`
}

// Which readings a replay would change, by the decoder that made them and the one that makes them now: after a decoder's fix
// every reading has another version, and only some have another value.
import type { Sql } from '../../infra/postgres.ts'
import { type Compared, differences, parametersOf } from './comparison.ts'
import type { Replay } from './replays.ts'

export type ReadingChanges = {
  /** `dragino-lht65 v1`; null: there was no reading, or there is none any more. */
  before: string | null
  after: string | null
  readings: number
  devices: number
  /** Of them, those with another value; the rest has another decoder or version only. */
  temperature: number
  humidity: number
  door: number
  battery: number
  fault: number
  first: string
  last: string
}

const differs = (...columns: string[]) =>
  `count(*) filter (where ${columns.map((name) => `before->'${name}' is distinct from after->'${name}'`).join(' or ')})::integer`

const decoder = (side: string) => `(${side}->>'decoder') || ' v' || (${side}->>'decoder_version')`

/** The most readings first. */
export async function readingChanges(
  sql: Sql,
  compared: Compared,
  replay: Replay,
  leftAlone: readonly string[],
): Promise<ReadingChanges[]> {
  const { rows } = await sql.query<ReadingChanges>(
    `select ${decoder('before')} as before, ${decoder('after')} as after, count(*)::integer as readings,
       count(distinct device_id)::integer as devices, ${differs('temperature_c')} as temperature,
       ${differs('humidity_percent')} as humidity, ${differs('door_open')} as door,
       ${differs('battery_percent', 'battery_volts')} as battery, ${differs('fault')} as fault,
       to_char(min(at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as first, to_char(max(at), 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as last
     from (${differences(compared, replay.schema)}) d group by 1, 2 order by readings desc, 1, 2`,
    parametersOf(replay, leftAlone),
  )
  return rows
}

const valueNames = ['temperature', 'humidity', 'door', 'battery', 'fault'] as const

/** `  dragino-lht65 v1 → v2: 120 readings of 3 devices, 80 with another temperature; 2026-… to 2026-…`. */
export function readingChangesLine(changes: ReadingChanges): string {
  const { before, after, readings, devices, first, last } = changes
  const values = valueNames.flatMap((name) =>
    changes[name] > 0 ? [`${changes[name]} of another ${name}`] : [],
  )
  const isChange = before !== null && after !== null
  const what = !isChange
    ? [after === null ? 'no longer there' : 'new']
    : values.length > 0
      ? values
      : ['the same values']
  const whose = [before ?? 'nothing', ...(after === before ? [] : [after ?? 'nothing'])].join(' → ')
  return `  ${whose}: ${readings} readings of ${devices} devices, ${what.join(', ')}; ${first} to ${last}`
}

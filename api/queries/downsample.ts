// A range's readings reduced to those that draw the same line. The statement brings instants and temperatures alone, as two
// columns a unit (a Date and an object for each of 8,640 would cost more than all the rest); what is chosen is read whole.
import type { Fields } from '../asked-fields.ts'
import type { Query } from '../database.ts'
import { refusal } from '../errors.ts'
import { lttb } from '../lttb.ts'
import { asColumns, type Columns, columnsFor } from './columns.ts'
import { sources } from './connections.ts'
import { instantsOf, listOf, numbersOf, type Packed, packedInstants, packedNumbers } from './packed.ts'

export const SAMPLES_MAX = 2_000

type Range = { from: Date; to: Date }
type Points = { unitId: string; ms: Packed; celsius: Packed }

export async function downsampledReadings(
  query: Query,
  unitIds: readonly string[],
  { from, to }: Range,
  { max, fields }: { max: number; fields: Fields },
): Promise<Columns[]> {
  if (max < 2 || max > SAMPLES_MAX)
    throw refusal('BAD_INPUT', `\`downsample\` is ${max}; give 2 to ${SAMPLES_MAX}.`)
  const points = await temperaturePoints(query, unitIds, { from, to })
  const chosen = points.map(({ unitId, ...columns }) => {
    const ms = listOf(instantsOf(columns.ms))
    const celsius = listOf(numbersOf(columns.celsius)) as number[]
    return { id: unitId, at: lttb(ms, celsius, max).map((index) => new Date(ms[index] ?? 0)) }
  })
  if (chosen.every(({ at }) => at.length === 0)) return []
  const columns = columnsFor(sources.readings, fields)
  return query<Columns>(
    asColumns(
      columns,
      `select distinct on (recorded_at) ${columns} from sensor_readings
       where unit_id = asked.id and recorded_at = any(asked.at) and temperature_c is not null and not simulated
         and recorded_at >= $2 and recorded_at < $3
       order by recorded_at, device_id`,
      'jsonb_to_recordset($1::jsonb) asked (id uuid, at timestamptz[])',
    ),
    [JSON.stringify(chosen), from, to],
  )
}

/** In order of time; of two devices at one instant the first. */
export const temperaturePoints = (query: Query, unitIds: readonly string[], { from, to }: Range) =>
  query<Points>(
    `select asked.unit as "unitId", p.* from unnest($1::uuid[]) asked (unit) cross join lateral (
       select ${packedInstants('recorded_at')} as ms, ${packedNumbers('temperature_c')} as celsius
       from (
         select recorded_at, temperature_c from sensor_readings
         where unit_id = asked.unit and recorded_at >= $2 and recorded_at < $3
           and temperature_c is not null and not simulated
         order by recorded_at, device_id
       ) ordered
     ) p`,
    [unitIds, from, to],
  )

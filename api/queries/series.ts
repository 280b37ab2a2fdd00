// A unit's temperature for a chart: a month of readings is too many for a page and for the eye, so the
// database cuts the range into spans and answers each span's extremes. A peak between two points is never
// lost.
import type { Query } from '../database.ts'
import { refusal } from '../errors.ts'
import { checkRange } from '../page.ts'

export type TemperatureSpan = {
  unitId: string
  at: Date
  minC: number
  maxC: number
  meanC: number
  count: number
}
export type SeriesArgs = { from: Date; to: Date; maxPoints: number }

const POINTS_MAX = 2_000

export async function temperatureSeries(
  query: Query,
  unitIds: readonly string[],
  { from, to, maxPoints }: SeriesArgs,
): Promise<TemperatureSpan[]> {
  checkRange('temperatureSeries', { from, to })
  if (maxPoints < 1 || maxPoints > POINTS_MAX)
    throw refusal('BAD_INPUT', `\`maxPoints\` is ${maxPoints}; give 1 to ${POINTS_MAX}.`)
  const spanMs = Math.ceil((to.getTime() - from.getTime()) / maxPoints)
  return query<TemperatureSpan>(
    `select asked.unit_id as "unitId", span.*
    from unnest($1::uuid[]) asked (unit_id)
    cross join lateral (
      select max(recorded_at) as at, min(temperature_c) as "minC", max(temperature_c) as "maxC",
        avg(temperature_c) as "meanC", count(*) as count
      from sensor_readings
      where unit_id = asked.unit_id and recorded_at >= $2 and recorded_at < $3
        and temperature_c is not null and not simulated
      group by date_bin($4::double precision * interval '1 millisecond', recorded_at, $2)
      order by 1
    ) span`,
    [unitIds, from, to, spanMs],
  )
}

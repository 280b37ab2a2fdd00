// A partition as a person names it: by its table, by a month (readings) or by a day (events).
import { PipelineError } from '../../schemas/failure.ts'
import { eventsByDay, type Partitioning, type Period, readingsByMonth } from '../../sinks/partitions.ts'

export type NamedPartition = { partitioning: Partitioning; period: Period; name: string }

export function partitionOf(text: string): NamedPartition {
  const [, year = '', month = '', day] =
    /^(?:sensor_readings_y)?(\d{4})[-m](\d\d)$/.exec(text) ??
    /^(?:events_)?(\d{4})[-_](\d\d)[-_](\d\d)$/.exec(text) ??
    []
  const partitioning = day === undefined ? readingsByMonth : eventsByDay
  const date = new Date(`${year}-${month}-${day ?? '01'}T00:00:00Z`)
  if (Number.isNaN(date.getTime()) || date.getUTCMonth() + 1 !== Number(month))
    throw new PipelineError('PARTITION_REFUSED', {
      reason: `${text || 'Nothing'} names no partition: give sensor_readings_y2024m11 or 2024-11 for readings, events_2024_11_05 or 2024-11-05 for events.`,
    })
  const period = partitioning.periodOf(date.getTime())
  return { partitioning, period, name: partitioning.nameOf(period) }
}

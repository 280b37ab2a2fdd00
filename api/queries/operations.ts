// What operators look at: devices that nobody has assigned, and what could not be processed.
import type { Query } from '../database.ts'

export type UnassignedDevice = { devEui: string; sampleCount: number; lastSeenAt: Date }
export type DeadLetterCount = { code: string; source: string; count: number; newestAt: Date }
export type QuarantineCount = { reason: string; count: number; newestAt: Date }

export const unassignedDevices = (query: Query, first: number, now: Date) =>
  query<UnassignedDevice>(
    `select q.dev_eui as "devEui", count(*) as "sampleCount", min(q.recorded_at) as "firstSeenAt",
      max(q.recorded_at) as "lastSeenAt",
      (array_agg(q.brand_id order by q.recorded_at desc) filter (where q.brand_id is not null))[1] as
      "brandId",
      (array_agg(q.model_id order by q.recorded_at desc) filter (where q.model_id is not null))[1] as
      "modelId",
      exists (
        select from devices d join lateral (
          select unit_id from device_assignments where device_id = d.id and valid_from <= $2
          order by valid_from desc limit 1
        ) a on a.unit_id is not null
        where d.dev_eui = q.dev_eui and d.deleted_at is null
      ) as "isAssignedNow"
    from quarantine q where q.reason = 'unassigned'
    group by q.dev_eui order by max(q.recorded_at) desc, q.dev_eui limit $1`,
    [first, now],
  )

export const deadLetterCounts = (query: Query) =>
  query<DeadLetterCount>(
    `select code, source, count(*) as count, max(failed_at) as "newestAt",
      (array_agg(explanation order by failed_at desc))[1] as explanation
    from dead_letters group by code, source order by count(*) desc, code, source`,
    [],
  )

export const quarantineCounts = (query: Query) =>
  query<QuarantineCount>(
    `select upper(reason::text) as reason, count(*) as count, max(received_at) as "newestAt"
    from quarantine group by quarantine.reason order by count(*) desc`,
    [],
  )

/** Migrated, and by this project: the last table of the pipeline is there. */
export const isMigrated = async (query: Query): Promise<boolean> => {
  const [row] = await query<{ there: boolean }>(`select to_regclass('sink_offsets') is not null as there`, [])
  return row?.there === true
}

// The rules of the registry, and those that a fleet file would make of them: applied for a moment, and undone.
import type { Postgres, Sql } from '../../infra/postgres.ts'
import type { UnitConfig } from '../../schemas/generated/types.ts'
import { applyFleet } from '../fleet/apply.ts'
import type { Fleet } from '../fleet/declared.ts'
import { registryRecords } from '../fleet/records.ts'
import { readRows } from '../fleet/registry-rows.ts'
import { organizationIdOf } from '../fleet/wanted.ts'

export type UnitTrial = {
  unitId: string
  /** Site, area and unit, as people call them. */
  name: string
  before: UnitConfig
  after: UnitConfig
}

/** Thrown to undo what was applied. */
class Undone extends Error {}

/**
 * The units of the file's organizations that the registry has and the file keeps. A rule without `validFrom` holds from
 * `fromMs` on, as if the file had been applied then.
 */
export async function unitTrials(db: Postgres, fleet: Fleet, fromMs: number): Promise<UnitTrial[]> {
  const organizations = fleet.organizations.map(({ slug }) => organizationIdOf(slug))
  const trials: UnitTrial[] = []
  try {
    await db.transaction(async (sql) => {
      const before = await configsIn(sql, organizations)
      await applyFleet({ ...db, transaction: (work) => work(sql) }, fleet, fromMs)
      const after = await configsIn(sql, organizations)
      for (const { id, name } of await unitNames(sql, organizations)) {
        const [old, young] = [before.get(id), after.get(id)]
        if (old !== undefined && young !== undefined)
          trials.push({ unitId: id, name, before: old, after: young })
      }
      throw new Undone()
    })
  } catch (error) {
    if (!(error instanceof Undone)) throw error
  }
  return trials
}

async function configsIn(sql: Sql, organizations: readonly string[]): Promise<Map<string, UnitConfig>> {
  const records = registryRecords(await readRows(sql, [...organizations], []))
  return new Map(
    records.flatMap(({ topic, value }): [string, UnitConfig][] =>
      topic === 'unit-configs' ? [[value.unitId, value]] : [],
    ),
  )
}

async function unitNames(
  sql: Sql,
  organizations: readonly string[],
): Promise<{ id: string; name: string }[]> {
  const { rows } = await sql.query<{ id: string; name: string }>(
    `select u.id, s.name || ' / ' || a.name || ' / ' || u.name as name
     from units u join areas a on a.id = u.area_id join sites s on s.id = u.site_id
     where u.organization_id = any($1) and u.deleted_at is null order by 2`,
    [organizations],
  )
  return rows
}

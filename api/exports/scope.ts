// Which units an export covers: one, or those of a site or of an organization, in the order in which people walk them.
import type { Query } from '../database.ts'
import { refusal } from '../errors.ts'
import {
  organizationsById,
  type Site,
  sitesById,
  sitesOf,
  type Unit,
  unitsById,
  unitsOfSites,
} from '../queries/registry.ts'
import { parseId } from '../scalars.ts'
import type { ExportedUnit } from './lines.ts'

export type ScopeArgs = { unit?: string; site?: string; organization?: string }
export type Scope = { /** For the file's name. */ slug: string; units: ExportedUnit[] }

export async function scopeOf(query: Query, args: ScopeArgs): Promise<Scope> {
  const given = (['unit', 'site', 'organization'] as const).filter((kind) => args[kind] !== undefined)
  const [kind] = given
  if (kind === undefined || given.length > 1)
    throw refusal(
      'BAD_INPUT',
      'Give one of `unit`, `site` and `organization`: whose lines are to be exported.',
    )
  const id = parseId(args[kind] ?? '')
  const scope = await finders[kind](query, id)
  if (scope === undefined) throw refusal('NOT_FOUND', `There is no ${kind} ${id}.`)
  return scope
}

const finders = {
  async unit(query: Query, id: string) {
    const [unit] = await unitsById(query, [id])
    if (unit === undefined) return undefined
    return { slug: unit.slug, units: named([unit], await sitesById(query, [unit.siteId])) }
  },
  async site(query: Query, id: string) {
    const [site] = await sitesById(query, [id])
    if (site === undefined) return undefined
    return { slug: site.slug, units: named(await unitsOfSites(query, [id]), [site]) }
  },
  async organization(query: Query, id: string) {
    const [organization] = await organizationsById(query, [id])
    if (organization === undefined) return undefined
    const sites = await sitesOf(query, [id])
    const units = await unitsOfSites(
      query,
      sites.map((site) => site.id),
    )
    return {
      slug: organization.slug,
      units: sites.flatMap((site) =>
        named(
          units.filter(({ siteId }) => siteId === site.id),
          [site],
        ),
      ),
    }
  },
}

function named(units: readonly Unit[], sites: readonly Site[]): ExportedUnit[] {
  const names = new Map(sites.map(({ id, name }) => [id, name]))
  return units.map(({ id, name, siteId }) => ({ id, name, siteName: names.get(siteId) ?? '' }))
}

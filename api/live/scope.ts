// What a subscription is about: a unit, a site, an organization, or all that the asker may see. Whatever is named must be there
// for him.
import type { Access } from '../access/access.ts'
import { refusal } from '../errors.ts'
import { organizationsById, sitesById, unitsById } from '../queries/registry.ts'
import { parseId } from '../scalars.ts'
import { everything, ofOrganization, ofSite, ofUnit } from './feed.ts'
import type { Live } from './live.ts'
import type { LiveArgs } from './operation.ts'

export async function keysFor(args: LiveArgs, access: Access, live: Live): Promise<readonly string[]> {
  const { unit, site, organization } = args
  const given = [unit, site, organization].filter((id) => id != null)
  if (given.length > 1) throw refusal('BAD_INPUT', 'Give at most one of `unit`, `site` and `organization`.')
  if (unit != null) return [ofUnit(await found('unit', unit, (id) => unitsById(access.query, [id])))]
  if (organization != null)
    return [
      ofOrganization(
        await found('organization', organization, (id) => organizationsById(access.query, [id])),
      ),
    ]
  if (site != null) {
    const id = await found('site', site, (id) => sitesById(access.query, [id]))
    await live.knowSites()
    return [ofSite(id)]
  }
  const { identity } = access
  return identity === null || identity.isPlatformAdmin
    ? everything
    : [...identity.roles.keys()].map(ofOrganization)
}

async function found(what: string, given: string, load: (id: string) => Promise<unknown[]>): Promise<string> {
  const id = parseId(given)
  if ((await load(id)).length === 0) throw refusal('NOT_FOUND', `There is no ${what} ${id}.`)
  return id
}

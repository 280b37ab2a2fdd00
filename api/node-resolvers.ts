// node(id), nodes(ids) and the pages of the registry.
import { refusal } from './errors.ts'
import type { RequestContext } from './loaders.ts'
import { composedId, parseComposedId } from './node-id.ts'
import { type Connection, connectionOf, type PageArgs, pageOf } from './page.ts'
import type { DeviceProfile, DeviceProfiles } from './profiles.ts'
import { composedRow, episodesById, isEpisode, type NodeType, typesOf } from './queries/nodes.ts'
import * as registry from './queries/registry.ts'
import { placeOf, type RegistryFilter, type RegistryPage, registryPage } from './queries/registry-pages.ts'
import { isUuid } from './scalars.ts'

const NODES_MAX = 100

const rowsById = {
  Organization: registry.organizationsById,
  Site: registry.sitesById,
  Area: registry.areasById,
  Unit: registry.unitsById,
  Device: registry.devicesById,
}

export const profileId = ({ brand, models, firmware = [] }: DeviceProfile): string =>
  composedId('DeviceProfile', brand, models.join(' '), firmware.join(' '))

/** In the order of `ids`; null where there is nothing. A type's rows are read at once. */
async function nodesById(ids: readonly string[], { query, now }: RequestContext, profiles: DeviceProfiles) {
  const uuids = [...new Set(ids.filter(isUuid).map((id) => id.toLowerCase()))]
  const types = uuids.length === 0 ? [] : await typesOf(query, uuids)
  const byType = Map.groupBy(types, ({ type }) => type)
  const found = new Map<string, object>()
  const read = async (type: NodeType, of: string[]) => {
    const rows = isEpisode(type) ? await episodesById(query, type, of) : await rowsById[type](query, of, now)
    for (const row of rows) found.set(row.id, { ...row, __typename: type })
  }
  await Promise.all(
    [...byType].map(([type, rows]) =>
      read(
        type,
        rows.map(({ id }) => id),
      ),
    ),
  )
  const composed = async (id: string) => {
    const parsed = parseComposedId(id)
    if (parsed === undefined) throw refusal('BAD_ID', `${JSON.stringify(id)} is not an id.`)
    const { type, parts } = parsed
    const row =
      type === 'DeviceProfile'
        ? profiles.all.find((profile) => profileId(profile) === id)
        : await composedRow(query, type, parts, now)
    return row === undefined ? null : { ...row, __typename: type }
  }
  return Promise.all(ids.map((id) => (isUuid(id) ? (found.get(id.toLowerCase()) ?? null) : composed(id))))
}

const page =
  (name: RegistryPage) =>
  async (
    _: unknown,
    args: PageArgs & RegistryFilter,
    { query, now }: RequestContext,
  ): Promise<Connection<{ id: string }>> => {
    const asked = pageOf(name, args)
    const rows = await registryPage<{ id: string }>(query, name, args, asked, now)
    return connectionOf(name, asked, rows, placeOf)
  }

export const nodeResolvers = (profiles: DeviceProfiles) => ({
  node: async (_: unknown, { id }: { id: string }, context: RequestContext) =>
    (await nodesById([id], context, profiles))[0],
  nodes: (_: unknown, { ids }: { ids: string[] }, context: RequestContext) => {
    if (ids.length > NODES_MAX)
      throw refusal('BAD_PAGE', `\`nodes\` was asked for ${ids.length}; give at most ${NODES_MAX}.`)
    return nodesById(ids, context, profiles)
  },
  sites: page('sites'),
  units: page('units'),
  devices: page('devices'),
})

// Fields below a list, answered for all its elements at once: one SQL statement a field, however long the
// list. Elements that asked with other arguments (aliases) form a batch of their own.
import type { Access } from './access/access.ts'
import { type Fields, nodeFields, ownFields } from './asked-fields.ts'
import { batched } from './batching.ts'
import { connectionOfColumns } from './column-connection.ts'
import type { Query } from './database.ts'
import { groupBy } from './database.ts'
import { refusal } from './errors.ts'
import { checkRange, connectionOf, isName, type Page, type PageArgs, pageOf, type RangeArgs } from './page.ts'
import { type ConnectionName, type ParentKind, sources } from './queries/connections.ts'
import { downsampledReadings } from './queries/downsample.ts'
import { type GatewayIncident, incidentsOfSilences } from './queries/gateway-incidents.ts'
import * as gateways from './queries/gateways.ts'
import * as latest from './queries/latest.ts'
import { alertsById, correctiveActionsOfAlerts } from './queries/nodes.ts'
import { columnsOfUnits, type FurtherArgs, pageOfParents } from './queries/pages.ts'
import * as registry from './queries/registry.ts'
import { type ListingName, listingPage, placeOf } from './queries/registry-pages.ts'
import { rulesAt } from './queries/rules.ts'
import { type SeriesArgs, temperatureSeries } from './queries/series.ts'
import { type TopArgs, topUnits } from './queries/top-units.ts'
import { type RollupArgs, type RollupParent, rollupsOfMany, rollupsOfUnits } from './rollup-loaders.ts'

/** What a request works with; `now` is one instant for all of it. */
export type RequestContext = { access: Access; query: Query; now: Date }

const TOP_MAX = 1_000

const distinct = (ids: readonly string[]) => [...new Set(ids)]

/** The one row that an element points at by `idOf`. */
const one = <O, R extends { id: string }>(
  idOf: (element: O) => string | null,
  load: (query: Query, ids: readonly string[], now: Date) => Promise<R[]>,
) =>
  batched<O>(async (elements, _, { query, now }) => {
    const ids = distinct(elements.map(idOf).filter((id) => id !== null))
    const rows = ids.length === 0 ? [] : await load(query, ids, now)
    const byId = new Map(rows.map((row) => [row.id, row]))
    return (element) => byId.get(idOf(element) ?? '') ?? null
  })

/** The rows that point at an element by `parentOf`. */
const many = <R>(
  load: (query: Query, ids: readonly string[], now: Date) => Promise<R[]>,
  parentOf: (row: R) => string | null,
) =>
  batched<{ id: string }>(async (elements, _, { query, now }) => {
    const byParent = groupBy(
      await load(
        query,
        elements.map(({ id }) => id),
        now,
      ),
      parentOf,
    )
    return ({ id }) => byParent.get(id) ?? []
  })

/** What stands below an element, by pages. */
const listing = (name: ListingName) => {
  const field = name.slice(name.indexOf('.') + 1)
  return batched<{ id: string }, PageArgs>(async (parents, args, { query, now }) => {
    const page = pageOf(field, args)
    const ids = parents.map(({ id }) => id)
    const rows = await listingPage<{ id: string }>(query, name, ids, page, now)
    const byParent = groupBy(rows, ({ parentId }) => parentId)
    return ({ id }) => connectionOf(field, page, byParent.get(id) ?? [], placeOf)
  })
}

const gatewayPage = batched<{ id: string }, PageArgs>(async (organizations, args, { query, now }) => {
  const page = pageOf('gateways', args, isName)
  const ids = organizations.map(({ id }) => id)
  const byOwner = groupBy(
    await gateways.gatewaysPage(query, ids, page, now),
    ({ organizationId }) => organizationId,
  )
  return ({ id }) => connectionOf('gateways', page, byOwner.get(id) ?? [], ({ gatewayId }) => [0, gatewayId])
})

/** At most one row a unit. */
const ofUnit = <R extends { unitId: string }>(
  load: (query: Query, ids: readonly string[], now: Date, fields: Fields) => Promise<R[]>,
) =>
  batched<{ id: string }>(async (units, _, { query, now }, infos) => {
    const ids = units.map(({ id }) => id)
    const rows = await load(query, ids, now, ownFields(infos))
    const byUnit = new Map(rows.map((row) => [row.unitId, row]))
    return ({ id }) => byUnit.get(id) ?? null
  })

type ConnectionArgs = PageArgs & RangeArgs & FurtherArgs
type ReadingsArgs = ConnectionArgs & { downsample?: number | null }
type Row = { parentId: string }

const connection = (name: ConnectionName, kind: ParentKind = 'unit') =>
  batched<{ id: string }, ConnectionArgs>(async (parents, args, { query }, infos) => {
    const ids = parents.map(({ id }) => id)
    checkRange(name, args)
    const { from = null, to = null } = args
    const page = pageOf(name, args)
    const request = { ...args, page, from, to, fields: nodeFields(infos) }
    const byParent = groupBy(
      await pageOfParents<Row>(query, name, kind, ids, request),
      ({ parentId }) => parentId,
    )
    const keyOf = sources[name].keyOf as (row: unknown) => ReturnType<typeof sources.excursions.keyOf>
    return ({ id }) => connectionOf(name, page, byParent.get(id) ?? [], keyOf)
  })

const readings = batched<{ id: string }, ReadingsArgs>(
  async (units, { downsample, ...args }, context, infos) => {
    const { query } = context
    const ids = units.map(({ id }) => id)
    checkRange('readings', args)
    const { from = null, to = null } = args
    const page = downsample == null ? pageOf('readings', args) : wholeRange(args, downsample)
    const fields = nodeFields(infos)
    const columns =
      downsample == null
        ? await columnsOfUnits(query, 'readings', ids, { ...args, page, from, to, fields })
        : await downsampledReadings(query, ids, rangeNeeded(args), { max: downsample, fields })
    const byUnit = new Map(columns.map((ofUnit) => [ofUnit.parentId, ofUnit]))
    const { keyOf } = sources.readings
    return ({ id }, info) => {
      const ofUnit = byUnit.get(id) ?? { parentId: id }
      return connectionOfColumns('readings', page, ofUnit, keyOf, info && { context, info })
    }
  },
)

function rangeNeeded({ from, to }: RangeArgs): { from: Date; to: Date } {
  if (from == null || to == null)
    throw refusal('BAD_RANGE', '`downsample` needs both `from` and `to`: it answers a range as one page.')
  return { from, to }
}

function wholeRange({ first, after, last, before }: PageArgs, limit: number): Page {
  if ([first, after, last, before].some((given) => given != null))
    throw refusal('BAD_PAGE', '`downsample` answers a range as one page; leave out `first` and the like.')
  return { limit, backward: false, key: undefined }
}

const series = batched<{ id: string }, SeriesArgs>(async (units, args, { query }) => {
  const rows = await temperatureSeries(
    query,
    units.map(({ id }) => id),
    args,
  )
  const byUnit = groupBy(rows, (row) => row.unitId)
  return ({ id }) => byUnit.get(id) ?? []
})

const rule = batched<{ id: string }, { at?: Date | null }>(async (units, { at }, { query, now }) => {
  const rules = await rulesAt(
    query,
    units.map(({ id }) => id),
    at ?? now,
  )
  const byUnit = new Map(rules.map((row) => [row.unitId, row]))
  return ({ id }) => byUnit.get(id) ?? null
})

const deviceLatest = batched<registry.Device>(async (devices, _, { query, now }) => {
  const placed = devices.filter(({ unitId }) => unitId !== null)
  const rows =
    placed.length === 0
      ? []
      : await latest.latestOfDevices(
          query,
          placed.map(({ id }) => id),
          placed.map(({ unitId }) => unitId ?? ''),
          now,
        )
  const byDevice = new Map(rows.map((row) => [row.deviceId, row]))
  return ({ id }) => byDevice.get(id) ?? null
})

const incidentOfSilence = batched<{ id: string }>(async (silences, _, { query }) => {
  const rows = await incidentsOfSilences(
    query,
    silences.map(({ id }) => id),
  )
  return ({ id }) => rows.find(({ silenceIds }) => silenceIds.includes(id)) ?? null
})

const unitsOfIncident = batched<GatewayIncident>(async (incidents, _, { query }) => {
  const ids = distinct(incidents.flatMap(({ unitIds }) => unitIds))
  const units = await registry.unitsById(query, ids)
  return ({ unitIds }) => units.filter(({ id }) => unitIds.includes(id))
})

const top = (scope: 'site' | 'organization') =>
  batched<{ id: string }, TopArgs>(async (parents, args, { query, now }) => {
    checkRange('topUnits', args)
    if (args.first < 1 || args.first > TOP_MAX)
      throw refusal('BAD_PAGE', `\`topUnits\` was asked for ${args.first}; give 1 to ${TOP_MAX}.`)
    const ids = parents.map(({ id }) => id)
    const rows = await topUnits(query, scope, ids, args, now)
    const rangeSeconds = (args.to.getTime() - args.from.getTime()) / 1000
    const byParent = groupBy(
      rows.map((row) => ({ ...row, share: row.seconds / rangeSeconds })),
      ({ parentId }) => parentId,
    )
    return ({ id }) => byParent.get(id) ?? []
  })

const typesOf = (scope: 'site' | 'organization') =>
  many(
    (query, ids) => registry.unitTypesOf(query, scope, ids),
    ({ parentId }) => parentId,
  )

/** A unit, a site, an organization, or the units of one type of one of the latter. */
type RollupOwner = { id: string; timeZone?: string; siteId?: string }

const unitRollups = batched<RollupOwner, RollupArgs>(async (units, args, context, infos) => {
  const { query } = context
  // Only where every window is to be there it must be known where it begins.
  const zones =
    args.gaps === 'NULLS' && args.timeZone == null
      ? await registry.sitesById(query, distinct(units.map(({ siteId }) => siteId ?? '')))
      : []
  const zoneOf = new Map(zones.map(({ id, timeZone }) => [id, timeZone]))
  const parents = units.map(({ id, siteId }) => ({ id, type: null, zone: zoneOf.get(siteId ?? '') ?? 'UTC' }))
  const of = await rollupsOfUnits(query, parents, args, nodeFields(infos))
  return ({ id }, info) => of({ id, type: null }, info && { context, info })
})

const rollupsTogether = (kind: 'site' | 'organization') =>
  batched<RollupOwner & { timeZone: string }, RollupArgs>(async (owners, args, { query }, infos) => {
    const parents = owners.map(({ id, timeZone }) => ({ id, type: null, zone: timeZone }))
    const of = await rollupsOfMany(query, { kind }, parents, args, nodeFields(infos))
    return ({ id }) => of({ id, type: null })
  })

const rollupsOfType = batched<registry.UnitsOfType, RollupArgs>(async (groups, args, { query }, infos) => {
  const answers = await Promise.all(
    [...groupBy(groups, ({ scope }) => scope)].map(async ([kind, ofKind]) => {
      const parents: RollupParent[] = ofKind.map(({ parentId, type, zone }) => ({ id: parentId, type, zone }))
      return [
        kind,
        await rollupsOfMany(query, { kind, type: true }, parents, args, nodeFields(infos)),
      ] as const
    }),
  )
  const byKind = new Map(answers)
  return ({ scope, parentId, type }) => byKind.get(scope)?.({ id: parentId, type })
})

const gatewayLoss = batched<gateways.Gateway, gateways.LossArgs>(async (heard, args, { query }) => {
  checkRange('uplinkLoss', args)
  const rows = await gateways.lossOfGateways(query, heard, args)
  const nameOf = (of: { organizationId: string; gatewayId: string }) => `${of.organizationId} ${of.gatewayId}`
  const byGateway = groupBy(rows, nameOf)
  return (gateway) => byGateway.get(nameOf(gateway)) ?? []
})

const deviceLoss = batched<{ id: string }, gateways.LossArgs>(async (devices, args, { query }) => {
  checkRange('uplinkLoss', args)
  const rows = await gateways.lossOfDevices(
    query,
    devices.map(({ id }) => id),
    args,
  )
  const byDevice = groupBy(rows, ({ deviceId }) => deviceId)
  return ({ id }) => byDevice.get(id) ?? []
})

const actedBy = batched<{ actorId: string | null }>(async (actions, _, { query }) => {
  const ids = distinct(actions.map(({ actorId }) => actorId).filter((id) => id !== null))
  const actors = ids.length === 0 ? [] : await registry.actorsById(query, ids)
  return ({ actorId }) => actors.find(({ id }) => id === actorId)?.name ?? null
})

type Owned = { organizationId: string }
const organization = one(({ organizationId }: Owned) => organizationId, registry.organizationsById)

const episodesOf = (kind: ParentKind) => ({
  excursions: connection('excursions', kind),
  doorOpenings: connection('doorOpenings', kind),
  silences: connection('silences', kind),
  statusHistory: connection('statusHistory', kind),
  alerts: connection('alerts', kind),
  manualLogs: connection('manualLogs', kind),
  correctiveActions: connection('correctiveActions', kind),
  budgets: connection('budgets', kind),
  gatewayIncidents: connection('gatewayIncidents', kind),
})

export const loaders = {
  Organization: {
    sites: listing('Organization.sites'),
    devices: listing('Organization.devices'),
    gateways: gatewayPage,
    ...episodesOf('organization'),
    rollups: rollupsTogether('organization'),
    unitTypes: typesOf('organization'),
    topUnits: top('organization'),
  },
  Site: {
    organization,
    areas: listing('Site.areas'),
    units: listing('Site.units'),
    ...episodesOf('site'),
    rollups: rollupsTogether('site'),
    unitTypes: typesOf('site'),
    topUnits: top('site'),
  },
  UnitsOfType: { rollups: rollupsOfType },
  TopUnit: { unit: one(({ unitId }: { unitId: string }) => unitId, registry.unitsById) },
  Gateway: {
    organization,
    site: one(({ siteId }: gateways.Gateway) => siteId, registry.sitesById),
    uplinkLoss: gatewayLoss,
  },
  Alert: {
    unit: one(({ unitId }: { unitId: string }) => unitId, registry.unitsById),
    correctiveActions: many(correctiveActionsOfAlerts, ({ alertId }) => alertId),
  },
  CorrectiveAction: {
    alert: one(({ alertId }: { alertId: string }) => alertId, alertsById),
    actedBy,
  },
  Silence: { gatewayIncident: incidentOfSilence },
  GatewayIncident: { units: unitsOfIncident },
  Area: {
    site: one(({ siteId }: registry.Area) => siteId, registry.sitesById),
    units: listing('Area.units'),
  },
  Device: {
    organization,
    unit: one(({ unitId }: registry.Device) => unitId, registry.unitsById),
    latest: deviceLatest,
    uplinkLoss: deviceLoss,
  },
  Unit: {
    organization,
    site: one(({ siteId }: registry.Unit) => siteId, registry.sitesById),
    area: one(({ areaId }: registry.Unit) => areaId, registry.areasById),
    devices: listing('Unit.devices'),
    rule,
    status: ofUnit(latest.statusOfUnits),
    latest: ofUnit(latest.latestOfUnits),
    door: ofUnit(latest.doorsOfUnits),
    temperatureSeries: series,
    readings,
    doorEvents: connection('doorEvents'),
    ...episodesOf('unit'),
    rollups: unitRollups,
  },
}

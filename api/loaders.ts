// Fields below a list, answered for all its elements at once: one SQL statement a field, however long the
// list. Elements that asked with other arguments (aliases) form a batch of their own.
import type { Access } from './access/access.ts'
import type { Query } from './database.ts'
import { groupBy } from './database.ts'
import { refusal } from './errors.ts'
import { checkRange, connectionOf, type PageArgs, pageOf, type RangeArgs } from './page.ts'
import {
  type ConnectionName,
  type FurtherArgs,
  furtherCondition,
  pageOfUnits,
  sources,
} from './queries/connections.ts'
import * as gateways from './queries/gateway-incidents.ts'
import * as latest from './queries/latest.ts'
import * as registry from './queries/registry.ts'
import { rulesAt } from './queries/rules.ts'
import { type SeriesArgs, temperatureSeries } from './queries/series.ts'

/** What a request works with; `now` is one instant for all of it. */
export type RequestContext = { access: Access; query: Query; now: Date }

type Asked<O, P> = { obj: O; params: P }
type Loader<O, P> = (asked: Asked<O, P>[], context: RequestContext) => Promise<unknown[]>

type Answer<O, P> = (
  elements: readonly O[],
  params: P,
  context: RequestContext,
) => Promise<(element: O) => unknown>

/** Lets `answer` see each distinct set of arguments once, with all the elements that asked with it. */
function batched<O, P = Record<string, never>>(answer: Answer<O, P>): Loader<O, P> {
  return async (asked, context) => {
    const groups = [...groupBy(asked, ({ params }) => JSON.stringify(params)).values()]
    const answers = await Promise.all(
      groups.map(async (group) => {
        const [head] = group
        if (head === undefined) return []
        const of = await answer(
          group.map(({ obj }) => obj),
          head.params,
          context,
        )
        return group.map((one) => [one, of(one.obj)] as const)
      }),
    )
    const byAsked = new Map(answers.flat())
    return asked.map((one) => byAsked.get(one))
  }
}

const INCIDENTS_MAX = 1_000

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

/** At most one row a unit. */
const ofUnit = <R extends { unitId: string }>(
  load: (query: Query, ids: readonly string[], now: Date) => Promise<R[]>,
) =>
  batched<{ id: string }>(async (units, _, { query, now }) => {
    const rows = await load(
      query,
      units.map(({ id }) => id),
      now,
    )
    const byUnit = new Map(rows.map((row) => [row.unitId, row]))
    return ({ id }) => byUnit.get(id) ?? null
  })

type ConnectionArgs = PageArgs & RangeArgs & FurtherArgs

const connection = (name: ConnectionName) =>
  batched<{ id: string }, ConnectionArgs>(async (units, args, { query }) => {
    const page = pageOf(name, args)
    checkRange(name, args)
    const and = furtherCondition(name, args)
    const rows = await pageOfUnits<{ unitId: string }>(query, name, {
      unitIds: units.map(({ id }) => id),
      page,
      from: args.from ?? null,
      to: args.to ?? null,
      ...(and ? { and } : {}),
    })
    const byUnit = groupBy(rows, (row) => row.unitId)
    const keyOf = sources[name].keyOf as (row: unknown) => ReturnType<typeof sources.excursions.keyOf>
    return ({ id }) => connectionOf(name, page, byUnit.get(id) ?? [], keyOf)
  })

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

const incidents = (of: typeof gateways.incidentsOfOrganizations) =>
  batched<{ id: string }, gateways.IncidentArgs>(async (parents, args, { query }) => {
    if (args.first < 1 || args.first > INCIDENTS_MAX)
      throw refusal(
        'BAD_PAGE',
        `\`gatewayIncidents\` was asked for ${args.first}; give 1 to ${INCIDENTS_MAX}.`,
      )
    const rows = await of(
      query,
      parents.map(({ id }) => id),
      args,
    )
    const byParent = groupBy(rows, ({ parentId }) => parentId)
    return ({ id }) => byParent.get(id) ?? []
  })

const incidentOfSilence = batched<{ id: string }>(async (silences, _, { query }) => {
  const rows = await gateways.incidentsOfSilences(
    query,
    silences.map(({ id }) => id),
  )
  return ({ id }) => rows.find(({ silenceIds }) => silenceIds.includes(id)) ?? null
})

const unitsOfIncident = batched<gateways.GatewayIncident>(async (incidents, _, { query }) => {
  const ids = distinct(incidents.flatMap(({ unitIds }) => unitIds))
  const units = await registry.unitsById(query, ids)
  return ({ unitIds }) => units.filter(({ id }) => unitIds.includes(id))
})

type Owned = { organizationId: string }
const organization = one(({ organizationId }: Owned) => organizationId, registry.organizationsById)

export const loaders = {
  Organization: {
    sites: many(registry.sitesOf, (site) => site.organizationId),
    devices: many(registry.devicesOfOrganizations, (device) => device.organizationId),
    gatewayIncidents: incidents(gateways.incidentsOfOrganizations),
  },
  Site: {
    organization,
    areas: many(registry.areasOf, (area) => area.siteId),
    units: many(registry.unitsOfSites, (unit) => unit.siteId),
    gatewayIncidents: incidents(gateways.incidentsOfSites),
  },
  Silence: { gatewayIncident: incidentOfSilence },
  GatewayIncident: { units: unitsOfIncident },
  Area: {
    site: one(({ siteId }: registry.Area) => siteId, registry.sitesById),
    units: many(registry.unitsOfAreas, (unit) => unit.areaId),
  },
  Device: {
    organization,
    unit: one(({ unitId }: registry.Device) => unitId, registry.unitsById),
    latest: deviceLatest,
  },
  Unit: {
    organization,
    site: one(({ siteId }: registry.Unit) => siteId, registry.sitesById),
    area: one(({ areaId }: registry.Unit) => areaId, registry.areasById),
    devices: many(registry.devicesOfUnits, (device) => device.unitId),
    rule,
    status: ofUnit(latest.statusOfUnits),
    latest: ofUnit(latest.latestOfUnits),
    door: ofUnit(latest.doorsOfUnits),
    temperatureSeries: series,
    readings: connection('readings'),
    excursions: connection('excursions'),
    doorOpenings: connection('doorOpenings'),
    doorEvents: connection('doorEvents'),
    silences: connection('silences'),
    statusHistory: connection('statusHistory'),
    alerts: connection('alerts'),
    manualLogs: connection('manualLogs'),
    rollups: connection('rollups'),
  },
}

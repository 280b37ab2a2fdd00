// Fields that are no column: the entry points, and what is computed when it is asked for. Everything else is
// a property of its row, or a loader.
import { checkPlatformAdmin } from './access/access.ts'
import { refusal } from './errors.ts'
import type { RequestContext } from './loaders.ts'
import { checkZone, localIso } from './local-time.ts'
import { composedId } from './node-id.ts'
import { nodeResolvers, profileId } from './node-resolvers.ts'
import type { Connection } from './page.ts'
import { readPartitionHealth } from './partition-health.ts'
import type { DeviceProfile, DeviceProfiles } from './profiles.ts'
import type { Gateway } from './queries/gateways.ts'
import { deadLetterCounts, quarantineCounts, unassignedDevices } from './queries/operations.ts'
import * as registry from './queries/registry.ts'
import { rollupFigures } from './rollup-figures.ts'
import { DateTime, parseId } from './scalars.ts'
import { connectionTypes } from './schema-text.ts'
import { differenceIn, type TemperatureUnit, temperatureIn } from './temperature.ts'

type Degrees = { unit: TemperatureUnit }
type Source = Record<string, unknown>

const convertedBy =
  (convert: typeof temperatureIn) =>
  (property: string) =>
  (source: Source, { unit }: Degrees): number | null => {
    const celsius = source[property]
    return typeof celsius === 'number' ? convert(unit, celsius) : null
  }
const temperature = convertedBy(temperatureIn)
const difference = convertedBy(differenceIn)

/** An episode that is open lasts until now; what it lasted in the end is stored. */
const lasting =
  (start: string) =>
  (source: Source, _: unknown, { now }: RequestContext): number =>
    typeof source.durationSeconds === 'number'
      ? source.durationSeconds
      : Math.max(0, (now.getTime() - (source[start] as Date).getTime()) / 1000)

const lastingTo =
  (start: string, end: string) =>
  (source: Source, _: unknown, { now }: RequestContext): number =>
    Math.max(0, ((source[end] as Date | null) ?? now).getTime() - (source[start] as Date).getTime()) / 1000

const edges = {
  edges: ({ nodes, cursorOf }: Connection<unknown>) =>
    nodes.map((node) => ({ node, cursor: cursorOf(node) })),
}

async function organization(
  _: unknown,
  { slug, id }: { slug?: string | null; id?: string | null },
  { query }: RequestContext,
): Promise<registry.Organization | undefined> {
  if ((slug == null) === (id == null))
    throw refusal('BAD_INPUT', '`organization` takes either `slug` or `id`.')
  const rows =
    id == null
      ? registry.organizationBySlug(query, slug ?? '')
      : registry.organizationsById(query, [parseId(id)])
  return (await rows)[0]
}

async function device(
  _: unknown,
  { devEui, id }: { devEui?: string | null; id?: string | null },
  { query, now }: RequestContext,
): Promise<registry.Device | undefined> {
  if ((devEui == null) === (id == null)) throw refusal('BAD_INPUT', '`device` takes either `id` or `devEui`.')
  const rows =
    id == null
      ? registry.deviceByEui(query, devEui ?? '', now)
      : registry.devicesById(query, [parseId(id)], now)
  return (await rows)[0]
}

type ById = { id: string }

const localTime =
  (property: string) =>
  (source: Source, { timeZone }: { timeZone: string }): string => {
    checkZone(timeZone)
    return localIso(source[property] as Date, timeZone)
  }

const perHundred = ({ received, lost }: Record<'received' | 'lost', number>) =>
  received + lost > 0 ? (100 * lost) / (received + lost) : 0

export const resolversWith = (profiles: DeviceProfiles) => ({
  DateTime,
  Node: { resolveType: ({ __typename }: { __typename: string }) => __typename },
  Query: {
    now: (_: unknown, __: unknown, { now }: RequestContext) => now,
    organizations: (_: unknown, __: unknown, { query }: RequestContext) => registry.allOrganizations(query),
    organization,
    device,
    ...nodeResolvers(profiles),
    deviceProfiles: () => profiles.all,
    site: async (_: unknown, { id }: ById, { query }: RequestContext) =>
      (await registry.sitesById(query, [parseId(id)]))[0],
    unit: async (_: unknown, { id }: ById, { query }: RequestContext) =>
      (await registry.unitsById(query, [parseId(id)]))[0],
    unassignedDevices: (_: unknown, { first }: { first: number }, { access, query, now }: RequestContext) => {
      checkPlatformAdmin(access, 'Devices that nobody has assigned')
      if (first < 1 || first > 1000)
        throw refusal('BAD_PAGE', `\`unassignedDevices\` was asked for ${first}; give 1 to 1000.`)
      return unassignedDevices(query, first, now)
    },
    deadLetters: (_: unknown, __: unknown, { access, query }: RequestContext) => {
      checkPlatformAdmin(access, 'Dead letters')
      return deadLetterCounts(query)
    },
    partitionHealth: (_: unknown, __: unknown, { access, query }: RequestContext) => {
      checkPlatformAdmin(access, 'Partitions')
      return readPartitionHealth(query)
    },
    quarantine: (_: unknown, __: unknown, { query }: RequestContext) => quarantineCounts(query),
  },
  Device: {
    calibrationOffset: difference('calibrationOffsetC'),
    profile: ({ vendor, model }: registry.Device) => (vendor && model ? profiles.of(vendor, model) : null),
  },
  DeviceProfile: { id: (profile: DeviceProfile) => profileId(profile) },
  Gateway: {
    id: ({ organizationId, gatewayId }: Gateway) => composedId('Gateway', organizationId, gatewayId),
  },
  UplinkLoss: { lossPercent: perHundred },
  UnitLatest: { temperature: temperature('temperatureC') },
  DeviceLatest: { temperature: temperature('temperatureC') },
  Rule: {
    temperatureMin: temperature('tempMinC'),
    temperatureMax: temperature('tempMaxC'),
    faultJump: difference('faultJumpC'),
  },
  Reading: {
    id: (row: { unitId: string; recordedAt: Date; deviceId: string; simulated: boolean }) =>
      composedId('Reading', row.unitId, row.recordedAt.getTime(), row.deviceId, row.simulated),
    temperature: temperature('temperatureC'),
  },
  Budget: { limit: temperature('limitC') },
  ManualLog: { temperature: temperature('temperatureC') },
  TemperatureSpan: {
    min: temperature('minC'),
    max: temperature('maxC'),
    mean: temperature('meanC'),
  },
  Excursion: {
    peak: temperature('peakC'),
    min: temperature('minC'),
    max: temperature('maxC'),
    degreeMinutes: difference('degreeMinutesC'),
    durationSeconds: lasting('startedAt'),
  },
  DoorOpening: { durationSeconds: lasting('openedAt') },
  Silence: { durationSeconds: lasting('startedAt') },
  GatewayIncident: { durationSeconds: lastingTo('startedAt', 'endedAt') },
  Alert: { durationSeconds: lastingTo('triggeredAt', 'resolvedAt') },
  Rollup: {
    min: temperature('minC'),
    max: temperature('maxC'),
    degreeMinutesAbove: difference('degreeMinutesAboveC'),
    degreeMinutesBelow: difference('degreeMinutesBelowC'),
    unitCount: ({ unitCount }: { unitCount?: number }) => unitCount ?? 1,
    localStart: localTime('start'),
    ...rollupFigures,
  },
  ...Object.fromEntries(connectionTypes().map((name) => [name, edges])),
})

// node(id): UUIDs are unique over all types, so the tables are asked whose row it is. What has none says in its id
// which it is.
import type { Query } from '../database.ts'
import type { ComposedType } from '../node-id.ts'
import { type ConnectionName, type Source, sources } from './connections.ts'
import { type Gateway, gatewaysOf } from './gateways.ts'

const registry = {
  Organization: 'organizations',
  Site: 'sites',
  Area: 'areas',
  Unit: 'units',
  Device: 'devices',
} as const

const episodes = {
  Excursion: 'excursions',
  DoorOpening: 'doorOpenings',
  DoorEvent: 'doorEvents',
  Silence: 'silences',
  UnitStatus: 'statusHistory',
  Alert: 'alerts',
  ManualLog: 'manualLogs',
  CorrectiveAction: 'correctiveActions',
  Budget: 'budgets',
  GatewayIncident: 'gatewayIncidents',
} as const satisfies Record<string, ConnectionName>

export type NodeType = keyof typeof registry | keyof typeof episodes
export type EpisodeType = keyof typeof episodes

export const isEpisode = (type: NodeType): type is EpisodeType => type in episodes

const inRegistry = Object.entries(registry).map(
  ([type, table]) =>
    `select '${type}' as type, id from ${table} where id = any($1::uuid[]) and deleted_at is null`,
)
const inEpisodes = Object.entries(episodes).map(
  ([type, name]) =>
    `select '${type}' as type, id from ${sources[name].table} where id = any($1::uuid[]) and ${sources[name].where}`,
)

type Typed = { id: string; type: NodeType }

/** Most ids are of the registry, whose tables are small; the large ones are asked for the rest. */
export async function typesOf(query: Query, ids: readonly string[]): Promise<Typed[]> {
  const found = await query<Typed>(inRegistry.join(' union all '), [ids])
  const known = new Set(found.map(({ id }) => id))
  const rest = ids.filter((id) => !known.has(id))
  if (rest.length === 0) return found
  return [...found, ...(await query<Typed>(inEpisodes.join(' union all '), [rest]))]
}

type Row = { id: string }

export function episodesById(query: Query, type: EpisodeType, ids: readonly string[]): Promise<Row[]> {
  const { columns, table, where }: Source = sources[episodes[type]]
  return query<Row>(`select ${columns} from ${table} where id = any($1::uuid[]) and ${where}`, [ids])
}

export const alertsById = (query: Query, ids: readonly string[]) => episodesById(query, 'Alert', ids)

export function correctiveActionsOfAlerts(query: Query, alertIds: readonly string[]) {
  const { columns, table } = sources.correctiveActions
  return query<Row & { alertId: string }>(
    `select ${columns} from ${table} where alert_id = any($1::uuid[]) order by acted_at, id`,
    [alertIds],
  )
}

type Part = string | number | boolean

/** Undefined where there is nothing. Profiles are no rows: who has them answers for them. */
export async function composedRow(
  query: Query,
  type: Exclude<ComposedType, 'DeviceProfile'>,
  [first, second, ...rest]: readonly Part[],
  now: Date,
): Promise<object | undefined> {
  if (type === 'Gateway') {
    const gateways: Gateway[] = await gatewaysOf(query, [String(first)], now)
    return gateways.find(({ gatewayId }) => gatewayId === second)
  }
  const [row] = await query<object>(
    `select ${sources.readings.columns} from sensor_readings
     where unit_id = $1 and recorded_at = $2 and device_id = $3 and simulated = $4`,
    [first, new Date(Number(second)), ...rest],
  )
  return row
}

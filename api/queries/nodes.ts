// node(id): ids are unique over all types, so one statement asks every table whose row it is.
import type { Query } from '../database.ts'
import { type ConnectionName, sources } from './connections.ts'

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
  Silence: 'silences',
  UnitStatus: 'statusHistory',
  Alert: 'alerts',
} as const satisfies Record<string, ConnectionName>

export type NodeType = keyof typeof registry | keyof typeof episodes
export type EpisodeType = keyof typeof episodes

export const isEpisode = (type: NodeType): type is EpisodeType => type in episodes

const branches = [
  ...Object.entries(registry).map(
    ([type, table]) => `select '${type}' as type from ${table} where id = $1 and deleted_at is null`,
  ),
  ...Object.entries(episodes).map(
    ([type, name]) => `select '${type}' from ${sources[name].table} where id = $1 and ${sources[name].where}`,
  ),
]

export async function typeOf(query: Query, id: string): Promise<NodeType | undefined> {
  const [row] = await query<{ type: NodeType }>(branches.join(' union all '), [id])
  return row?.type
}

export async function episodeById(query: Query, type: EpisodeType, id: string): Promise<object | undefined> {
  const { columns, table, where } = sources[episodes[type]]
  const [row] = await query<object>(`select ${columns} from ${table} where id = $1 and ${where}`, [id])
  return row
}

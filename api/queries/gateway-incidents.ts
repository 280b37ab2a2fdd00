// Failures of gateways, as the silences of the units behind them show them.
import type { Query } from '../database.ts'

export type GatewayIncident = {
  id: string
  organizationId: string
  gatewayId: string
  state: string
  startedAt: Date
  detectedAt: Date
  endedAt: Date | null
  unitIds: string[]
  silenceIds: string[]
  revision: number
}

const rows = `
  select id, organization_id as "organizationId", gateway_id as "gatewayId", upper(state::text) as state,
    started_at as "startedAt", detected_at as "detectedAt", ended_at as "endedAt", unit_ids as "unitIds",
    silence_ids as "silenceIds", revision
  from gateway_incidents where state <> 'retracted'`

export type IncidentArgs = { first: number; open: boolean }

type Owned = GatewayIncident & { parentId: string }

/** The newest of each parent; a site's are those that touch a unit of it. */
const newest =
  (parents: string) =>
  (query: Query, ids: readonly string[], { first, open }: IncidentArgs) =>
    query<Owned>(
      `select parent.id as "parentId", incident.* from unnest($1::uuid[]) parent (id)
     cross join lateral (
       ${rows} and ${parents} ${open ? "and state = 'open'" : ''}
       order by gateway_incidents.started_at desc, gateway_incidents.id limit $2
     ) incident`,
      [ids, first],
    )

export const incidentsOfOrganizations = newest('organization_id = parent.id')

export const incidentsOfSites = newest(
  'unit_ids && array(select u.id from units u where u.site_id = parent.id)',
)

export const incidentsOfSilences = (query: Query, silenceIds: readonly string[]) =>
  query<GatewayIncident>(`${rows} and silence_ids && $1::uuid[] order by detected_at desc`, [silenceIds])

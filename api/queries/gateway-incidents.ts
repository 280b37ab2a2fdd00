// Failures of gateways, as the silences of the units behind them show them. Pages of them are read as all pages are.
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

export const incidentColumns = `
  id, organization_id as "organizationId", gateway_id as "gatewayId", upper(state::text) as state,
  started_at as "startedAt", detected_at as "detectedAt", ended_at as "endedAt", unit_ids as "unitIds",
  silence_ids as "silenceIds", revision`

export const incidentsOfSilences = (query: Query, silenceIds: readonly string[]) =>
  query<GatewayIncident>(
    `select ${incidentColumns} from gateway_incidents where state <> 'retracted' and silence_ids && $1::uuid[]
     order by detected_at desc`,
    [silenceIds],
  )

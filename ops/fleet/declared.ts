// A fleet file's content, as fleet.schema.json describes it field by field.
import type { Schedule, Severity } from '../../schemas/generated/types.ts'

export type DeclaredRule = {
  validFrom?: string
  preset?: string
  severity?: Severity
  schedule?: Schedule
} & Partial<Record<string, unknown>>

export type Ruled = { rule?: DeclaredRule; ruleHistory?: DeclaredRule[] }

export type DeclaredPlace = {
  validFrom?: string
  kind?: 'temperature' | 'door'
  probe?: 'internal' | 'external'
  openIs?: 0 | 1
  calibrationOffset?: number
  calibrationValidUntil?: string
  silentMinutes?: number
}
export type DeclaredDevice = DeclaredPlace & {
  devEui: string
  name: string
  vendor?: string
  model?: string
  history?: (DeclaredPlace & { unit: string | null })[]
}
export type DeclaredUnit = Ruled & {
  slug: string
  name: string
  type: string
  temperatureUnit?: 'C' | 'F'
  devices?: DeclaredDevice[]
}
export type DeclaredArea = { slug: string; name: string; units?: DeclaredUnit[] }
export type DeclaredSite = Ruled & {
  slug: string
  name: string
  timeZone?: string
  address?: string
  latitude?: number
  longitude?: number
  areas?: DeclaredArea[]
}
export type DeclaredOrganization = Ruled & {
  slug: string
  name: string
  timeZone?: string
  complianceMode?: 'standard' | 'haccp'
  sites?: DeclaredSite[]
}
export type Fleet = { organizations: DeclaredOrganization[] }

/** Where in the document a problem is. */
export type Path = readonly (string | number)[]
export type Problem = { path: Path; text: string }

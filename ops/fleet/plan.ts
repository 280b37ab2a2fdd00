// What applying a fleet file would change, as a diff that a person reads before saying yes.
import type { Row } from '../../infra/postgres.ts'
import {
  type Entity,
  type EntityTable,
  entityTables,
  type PlaceFields,
  type RuleScope,
  type StoredRows,
  scopeKey,
  type WantedRows,
} from './registry-rows.ts'
import { emptyRule, fromTheBeginningMs, type RuleFields } from './rules.ts'
import { reconcile, sameFields, type VersionChanges } from './versions.ts'

export type EntityChange =
  | { kind: 'add'; entity: Entity }
  | { kind: 'restore'; entity: Entity }
  | { kind: 'change'; entity: Entity; before: Row }
  | { kind: 'remove'; entity: Entity }

export type Plan = {
  entities: EntityChange[]
  rules: { scope: RuleScope; changes: VersionChanges<RuleFields> }[]
  places: { deviceId: string; changes: VersionChanges<PlaceFields> }[]
  lines: string[]
  counts: { added: number; changed: number; removed: number }
}

export class DeviceTaken extends Error {}

export function planChanges(wanted: WantedRows, stored: StoredRows, nowMs: number): Plan {
  checkOwners(wanted, stored)
  const entities = entityTables.flatMap((table) => entityChanges(table, wanted, stored))
  const rules = [...wanted.rules].map(([key, { scope, versions }]) => ({
    scope,
    changes: reconcile(stored.rules.get(key)?.versions ?? [], versions, emptyRule, nowMs),
  }))
  const places = [...wanted.places, ...leavingDevices(entities, stored)].map(([deviceId, { versions }]) => ({
    deviceId,
    changes: reconcile(stored.places.get(deviceId)?.versions ?? [], versions, nowhere(''), nowMs),
  }))
  const plan = { entities, rules: rules.filter(isChange), places: places.filter(isChange) }
  return { ...plan, ...describe(plan, labels(wanted, stored)) }
}

const isChange = ({ changes }: { changes: VersionChanges<unknown> }) =>
  changes.added.length + changes.changed.length + changes.removed.length > 0

/** A device belongs to one organization at a time; taking it from one that the file does not name would be a surprise. */
function checkOwners(wanted: WantedRows, stored: StoredRows): void {
  const taken = [...stored.entities.values()].filter(
    ({ table, id, columns, deletedAtMs }) =>
      table === 'devices' &&
      deletedAtMs === null &&
      wanted.entities.has(id) &&
      !wanted.entities.has(String(columns.organization_id)),
  )
  if (taken.length === 0) return
  const names = taken.map(({ columns }) => columns.dev_eui).join(', ')
  throw new DeviceTaken(
    `These devices belong to an organization that this file does not name: ${names}. Remove them there first.`,
  )
}

function entityChanges(table: EntityTable, wanted: WantedRows, stored: StoredRows): EntityChange[] {
  const upserts = [...wanted.entities.values()]
    .filter((entity) => entity.table === table)
    .flatMap((entity): EntityChange[] => {
      const before = stored.entities.get(entity.id)
      if (before === undefined) return [{ kind: 'add', entity }]
      if (before.deletedAtMs !== null) return [{ kind: 'restore', entity }]
      return differences(before.columns, entity.columns).length === 0
        ? []
        : [{ kind: 'change', entity, before: before.columns }]
    })
  const removed = [...stored.entities.values()]
    .filter(({ id, deletedAtMs }) => deletedAtMs === null && !wanted.entities.has(id))
    .filter((entity) => entity.table === table)
    .map((entity): EntityChange => ({ kind: 'remove', entity }))
  return [...upserts, ...removed]
}

const differences = (before: Row, after: Row) =>
  Object.keys(after).filter((column) => !sameFields(before[column], after[column]))

const nowhere = (organizationId: string): PlaceFields => ({
  organizationId,
  unitId: null,
  kind: null,
  probe: null,
  openIs: null,
  calibrationOffset: 0,
  silentMinutes: null,
  calibrationValidUntilMs: null,
})

/** A removed device is nowhere from now on: what it sends then is unassigned. */
function leavingDevices(entities: readonly EntityChange[], stored: StoredRows) {
  return entities
    .filter(({ kind, entity }) => kind === 'remove' && entity.table === 'devices')
    .filter(({ entity }) => stored.places.has(entity.id))
    .map(({ entity }) => {
      const fields = nowhere(String(entity.columns.organization_id))
      return [entity.id, { deviceId: entity.id, versions: [{ validFromMs: undefined, fields }] }] as const
    })
}

type Labels = { entity: (entity: Entity) => string; id: (id: string) => string }

function labels(wanted: WantedRows, stored: StoredRows): Labels {
  const find = (id: unknown) => wanted.entities.get(String(id)) ?? stored.entities.get(String(id))
  const path = ({ table, columns }: Entity): string => {
    const parent = { organizations: undefined, sites: 'organization_id', areas: 'site_id', units: 'site_id' }
    const owner = table === 'devices' ? undefined : find(columns[parent[table] ?? ''])
    return `${owner === undefined ? '' : `${path(owner)}/`}${columns.slug ?? columns.dev_eui}`
  }
  const entity = (found: Entity) => `${found.table.slice(0, -1)} ${path(found)}`
  return {
    entity,
    id: (id) => {
      const found = find(id)
      return found === undefined ? id : entity(found)
    },
  }
}

function describe(plan: Pick<Plan, 'entities' | 'rules' | 'places'>, { entity, id }: Labels) {
  const lines = [
    ...plan.entities.flatMap((change) => entityLines(change, entity(change.entity), id)),
    ...plan.rules.flatMap(({ scope, changes }) =>
      versionLines(`rule of ${id(scopeKey(scope))}`, changes, (fields) => textOf(fields, id)),
    ),
    ...plan.places.flatMap(({ deviceId, changes }) =>
      versionLines(`place of ${id(deviceId)}`, changes, ({ organizationId: _, ...fields }) =>
        fields.unitId === null ? 'nowhere' : textOf(fields, id),
      ),
    ),
  ]
  const count = (mark: string) => lines.filter((line) => line.startsWith(mark)).length
  return { lines, counts: { added: count('+'), changed: count('~'), removed: count('-') } }
}

function entityLines(change: EntityChange, label: string, id: Labels['id']): string[] {
  const { name } = change.entity.columns
  if (change.kind === 'add') return [`+ ${label}  ${name}`]
  if (change.kind === 'restore') return [`+ ${label}  ${name} (was removed before)`]
  if (change.kind === 'remove') return [`- ${label}  ${name} (marked as removed; its history stays)`]
  const { before, entity } = change
  const after = entity.columns
  const named = (column: string, value: unknown) => (column.endsWith('_id') ? id(String(value)) : json(value))
  return differences(before, after).map(
    (column) =>
      `~ ${label}  ${column}: ${named(column, before[column])} → ${named(column, after[column])}${recut(column)}`,
  )
}

const recut = (column: string) =>
  column === 'time_zone' ? ' (a replay is needed: it cuts all hours and days anew)' : ''

function versionLines<F>(label: string, changes: VersionChanges<F>, text: (fields: F) => string): string[] {
  return [
    ...changes.added.map(({ validFromMs, fields }) => `+ ${label} ${since(validFromMs)}: ${text(fields)}`),
    ...changes.changed.map(
      ({ before, after }) =>
        `~ ${label} ${since(after.validFromMs)}: ${text(before)} → ${text(after.fields)} (the past is changed: replay it)`,
    ),
    ...changes.removed.map(({ validFromMs, fields }) => `- ${label} ${since(validFromMs)}: ${text(fields)}`),
  ]
}

const since = (ms: number) =>
  ms === fromTheBeginningMs ? 'from the beginning' : `from ${new Date(ms).toISOString()}`

const textOf = (fields: object, id: Labels['id']): string =>
  Object.entries(fields)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => fieldText(name, value, id))
    .join(', ') || 'nothing set'

function fieldText(name: string, value: unknown, id: Labels['id']): string {
  if (name === 'unitId') return id(String(value))
  if (name.endsWith('UntilMs')) return `${name.slice(0, -2)} ${new Date(Number(value)).toISOString()}`
  return `${name} ${json(value)}`
}

const json = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

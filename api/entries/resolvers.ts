// The mutations: who may enter what, under whose name, and the audit log's row beside it in the same transaction.
import type { FastifyReply } from 'fastify'
import type { Access } from '../access/access.ts'
import { checkMay } from '../access/roles.ts'
import { refusal } from '../errors.ts'
import { parseId } from '../scalars.ts'
import type { TemperatureUnit } from '../temperature.ts'
import {
  type EntryDb,
  EntryRefused,
  type EntrySql,
  enterAcknowledgement,
  enterCorrectiveAction,
  enterManualLog,
  type Made,
  type MayEnter,
} from './entries.ts'

/** What the asker writes with: the wall of his organizations is around it. */
export type EntryStore = (access: Access) => EntryDb

/** Where none is given. */
export const noEntries: EntryStore = () => {
  throw refusal('UNAVAILABLE', 'This server takes no entries.')
}

/** Where the API is open, nobody is known. */
export const SYSTEM_ACTOR = '00000000-0000-0000-0000-000000000001'
const TEXT_MAX = 2_000
const ABSOLUTE_ZERO_C = -273.15
const TEMPERATURE_MAX_C = 1_000

type Context = { access: Access; now: Date; reply: FastifyReply }
type At = { at?: Date | null }
type Work = (sql: EntrySql, entry: { atMs: number; by: string | null; mayEnter: MayEnter }) => Promise<Made>

type Event = { type: string; details: Record<string, unknown> }

export const entryResolversOf = (store: EntryStore) => ({
  Mutation: {
    acknowledgeAlert: (
      _: unknown,
      args: At & { alertId: string; note?: string | null },
      context: Context,
    ) => {
      const alertId = parseId(args.alertId)
      const note = shortText('note', args.note)
      const event = { type: 'alert.acknowledged', details: { alertId, note } }
      return enter(store, context, args, event, (sql, { atMs, by, mayEnter }) =>
        enterAcknowledgement(sql, { alertId, atMs, note, by }, context.now.getTime(), mayEnter),
      )
    },

    addManualLog: (_: unknown, args: ManualLogArgs, context: Context) => {
      const unit = parseId(args.unitId)
      const note = shortText('note', args.note)
      const temperatureC = celsius(args)
      const event = { type: 'manual-log.added', details: { temperatureC, note } }
      return enter(store, context, args, event, (sql, { atMs, by, mayEnter }) =>
        enterManualLog(sql, { unit, atMs, temperatureC, note, by }, context.now.getTime(), mayEnter),
      )
    },

    addCorrectiveAction: (_: unknown, args: ActionArgs, context: Context) => {
      const { resolvedAlert } = args
      const action = {
        alertId: parseId(args.alertId),
        actorId: context.access.identity?.actorId ?? SYSTEM_ACTOR,
        description: shortText('description', args.description) ?? '',
        actionTaken: shortText('actionTaken', args.actionTaken),
        evidenceUrl: address(args.evidenceUrl),
        resolvedAlert,
      }
      const event = { type: 'corrective-action.added', details: { ...action, actorId: undefined } }
      return enter(store, context, args, event, (sql, { atMs, mayEnter }) =>
        enterCorrectiveAction(sql, { ...action, atMs }, context.now.getTime(), (organizationId) => {
          mayEnter(organizationId)
          if (resolvedAlert) checkMay(context.access, 'sign-off', organizationId)
        }),
      )
    },
  },
})

type ManualLogArgs = At & {
  unitId: string
  temperature?: number | null
  temperatureUnit: TemperatureUnit
  note?: string | null
}
type ActionArgs = At & {
  alertId: string
  description: string
  actionTaken?: string | null
  evidenceUrl?: string | null
  resolvedAlert: boolean
}

async function enter(store: EntryStore, context: Context, { at }: At, event: Event, work: Work) {
  const { access, now } = context
  // Asked first where no row could be seen anyway: the key alone may forbid it.
  checkMay(access, 'enter')
  const instant = at ?? now
  try {
    return await store(access).transaction(async (sql) => {
      const by = await nameOf(sql, access)
      const mayEnter: MayEnter = (organizationId) => checkMay(access, 'enter', organizationId)
      const made = await work(sql, { atMs: instant.getTime(), by, mayEnter })
      if (made.isNew) await audit(sql, context, made, event)
      return { id: made.id, unitId: made.unit.id, at: instant, by, isNew: made.isNew }
    })
  } catch (error) {
    if (!(error instanceof EntryRefused)) throw error
    throw refusal(error.isMissing ? 'NOT_FOUND' : 'BAD_INPUT', error.message)
  }
}

async function nameOf(sql: EntrySql, { identity }: Access): Promise<string | null> {
  if (identity === null) return null
  const { rows } = await sql.query<{ name: string }>('select name from actors where id = $1', [
    identity.actorId,
  ])
  return rows[0]?.name ?? null
}

/** The chain of digests is the table's own doing. */
async function audit(
  sql: EntrySql,
  { access, reply }: Context,
  { id, unit }: Made,
  event: Event,
): Promise<void> {
  const { ip, headers } = reply.request
  await sql.query(
    `insert into audit_log (organization_id, actor_id, event_type, category, unit_id, details, ip_address, user_agent)
     values ($1, $2, $3, 'entry', $4, $5, $6, $7)`,
    [
      ...[unit.organizationId, access.identity?.actorId ?? SYSTEM_ACTOR, event.type, unit.id],
      ...[JSON.stringify({ id, ...event.details }), ip ?? null, headers['user-agent'] ?? null],
    ],
  )
}

function celsius({ temperature, temperatureUnit }: ManualLogArgs): number | null {
  if (temperature == null) return null
  const degrees = temperatureUnit === 'F' ? (temperature - 32) / 1.8 : temperature
  if (degrees > ABSOLUTE_ZERO_C && degrees < TEMPERATURE_MAX_C) return degrees
  throw refusal('BAD_INPUT', `${temperature} °${temperatureUnit} is no temperature of a refrigerator.`)
}

function shortText(name: string, text: string | null | undefined): string | null {
  const trimmed = text?.trim() ?? ''
  if (trimmed.length > TEXT_MAX)
    throw refusal('BAD_INPUT', `\`${name}\` has ${trimmed.length} characters; ${TEXT_MAX} are allowed.`)
  if (trimmed === '' && name === 'description') throw refusal('BAD_INPUT', '`description` is empty.')
  if (trimmed.includes('\0')) throw refusal('BAD_INPUT', `\`${name}\` holds a character that no text has.`)
  return trimmed === '' ? null : trimmed
}

/** Shown as a link: nothing that a browser would run. */
function address(text: string | null | undefined): string | null {
  const trimmed = shortText('evidenceUrl', text)
  if (trimmed === null || (URL.canParse(trimmed) && new URL(trimmed).protocol === 'https:')) return trimmed
  throw refusal('BAD_INPUT', '`evidenceUrl` is not an https address.')
}

// Everything that a compliance report of one unit and one period says, read through the same statements as GraphQL.
import type { Query } from '../database.ts'
import { refusal } from '../errors.ts'
import type { Row } from '../exports/columns.ts'
import { type ExportName, pagesOf } from '../exports/lines.ts'
import {
  actorsById,
  organizationsById,
  type Site,
  sitesById,
  type Unit,
  unitsById,
} from '../queries/registry.ts'
import { type Rule, rulesAt } from '../queries/rules.ts'
import type { RollupSums } from '../rollup-figures.ts'
import { parseId } from '../scalars.ts'

export type Period = { firstDay: string; lastDay: string; from: Date; to: Date }

export type Day = RollupSums & {
  isFinal: boolean
  minC: number | null
  maxC: number | null
  secondsAbove: number
  secondsBelow: number
  degreeMinutesAboveC: number
  degreeMinutesBelowC: number
  readingsOutOfRange: number
  doorOpenings: number
  doorOpenSeconds: number
}

export type Episode = Row & { id: string; state: string }
export type Excursion = Episode & { startedAt: Date; endedAt: Date | null }

export type UnitReport = {
  unit: Unit
  site: Site
  organizationName: string
  period: Period
  /** The rule at the period's start, and each one that came into force in it. */
  rules: Rule[]
  days: Day[]
  /** All days together. */
  whole: Day
  excursions: ExplainedExcursion[]
  openings: Episode[]
  silences: Episode[]
  alerts: Row[]
  manualLogs: Row[]
  actions: Action[]
}

export type Action = Row & { alertType: string; actedBy: string | null }

/** What was open, silent or done while the temperature was out of range. */
export type ExplainedExcursion = Excursion & {
  doorOpenSeconds: number
  silentSeconds: number
  cause: Cause
  /** What people found and did about its alerts. */
  found: string
}

/** As far as the sensors tell: the door was open as it began, was opened in it, or nothing was seen. */
export type Cause = 'door open' | 'door opened in it' | 'unit fell silent in it' | 'not seen by a sensor'

export type PeriodArgs = { unitId: string; firstDay: string; lastDay: string }

/** `firstDay` and `lastDay` are local dates of the unit's site, both inside. */
export async function unitReport(
  query: Query,
  { unitId, firstDay, lastDay }: PeriodArgs,
  now: Date,
): Promise<UnitReport> {
  const [unit] = await unitsById(query, [parseId(unitId)])
  const [site] = unit === undefined ? [] : await sitesById(query, [unit.siteId])
  if (unit === undefined || site === undefined) throw refusal('NOT_FOUND', `There is no unit ${unitId}.`)
  const [organization] = await organizationsById(query, [unit.organizationId])
  const period = await periodOf(query, { firstDay, lastDay }, site.timeZone)
  const read = <R>(name: ExportName, granularity?: string) =>
    collected<R>(query, unit.id, name, period, granularity)
  const days = await read<Day>('rollups', 'day')
  const openings = await read<Episode>('doorOpenings')
  const silences = await read<Episode>('silences')
  const alerts = await read<Row>('alerts')
  const actions = await actionsOn(query, await read<Row>('correctiveActions'), alerts)
  const excursions = (await read<Excursion>('excursions')).map((excursion) => ({
    ...excursion,
    doorOpenSeconds: sharedSeconds(excursion, openings, ['openedAt', 'closedAt'], now),
    silentSeconds: sharedSeconds(excursion, silences, ['startedAt', 'endedAt'], now),
    cause: causeOf(excursion, openings, silences, now),
    found: actions
      .filter(({ causeId }) => causeId === excursion.id)
      .map(({ description }) => String(description))
      .join('; '),
  }))
  return {
    unit,
    site,
    organizationName: organization?.name ?? '',
    period,
    rules: await rulesIn(query, unit, period),
    days,
    whole: wholeOf(days, period, now),
    excursions,
    openings,
    silences,
    alerts,
    manualLogs: await read<Row>('manualLogs'),
    actions,
  }
}

async function periodOf(
  query: Query,
  { firstDay, lastDay }: Pick<PeriodArgs, 'firstDay' | 'lastDay'>,
  timeZone: string,
): Promise<Period> {
  if (firstDay > lastDay)
    throw refusal('BAD_RANGE', `The report was asked from ${firstDay} to ${lastDay}: an empty period.`)
  const [range] = await query<{ from: Date; to: Date }>(
    'select $1::date::timestamp at time zone $3 as "from", ($2::date + 1)::timestamp at time zone $3 as "to"',
    [firstDay, lastDay, timeZone],
  )
  if (range === undefined) throw new Error('a select without a table gave no row')
  return { firstDay, lastDay, ...range }
}

async function collected<R>(
  query: Query,
  unitId: string,
  name: ExportName,
  { from, to }: Period,
  granularity?: string,
): Promise<R[]> {
  const rows: Row[] = []
  const request = { name, from, to, ...(granularity ? { granularity } : {}) }
  for await (const page of pagesOf(query, unitId, request)) rows.push(...page)
  return rows as R[]
}

async function rulesIn(query: Query, unit: Unit, { from, to }: Period): Promise<Rule[]> {
  const changes = await query<{ at: Date }>(
    `select distinct valid_from as at from alert_rules
     where organization_id = $1 and (unit_id = $2 or site_id = $3 or (unit_id is null and site_id is null))
       and valid_from > $4 and valid_from < $5 order by 1`,
    [unit.organizationId, unit.id, unit.siteId, from, to],
  )
  const instants = [from, ...changes.map(({ at }) => at)]
  const rules = await Promise.all(instants.map((at) => rulesAt(query, [unit.id], at)))
  return rules.flat()
}

async function actionsOn(query: Query, actions: readonly Row[], alerts: readonly Row[]): Promise<Action[]> {
  const ids = [...new Set(actions.map(({ actorId }) => actorId).filter((id) => typeof id === 'string'))]
  const names = new Map(
    (ids.length === 0 ? [] : await actorsById(query, ids)).map(({ id, name }) => [id, name]),
  )
  const byId = new Map(alerts.map((alert) => [alert.id, alert]))
  return actions.map((action) => {
    const alert = byId.get(action.alertId ?? null)
    return {
      ...action,
      causeId: alert?.causeId ?? null,
      alertType: String(alert?.type ?? 'an alert outside the period'),
      actedBy: names.get(String(action.actorId)) ?? null,
    }
  })
}

function causeOf(
  excursion: Excursion,
  openings: readonly Episode[],
  silences: readonly Episode[],
  now: Date,
): Cause {
  const isOpenAtStart = openings.some(
    ({ openedAt, closedAt }) =>
      (openedAt as Date) <= excursion.startedAt && ((closedAt as Date | null) ?? now) >= excursion.startedAt,
  )
  if (isOpenAtStart) return 'door open'
  if (sharedSeconds(excursion, openings, ['openedAt', 'closedAt'], now) > 0) return 'door opened in it'
  const isSilent = sharedSeconds(excursion, silences, ['startedAt', 'endedAt'], now) > 0
  return isSilent ? 'unit fell silent in it' : 'not seen by a sensor'
}

/** Seconds of the excursion in which one of these was open; episodes of one kind do not overlap. */
function sharedSeconds(
  { startedAt, endedAt }: Excursion,
  episodes: readonly Episode[],
  [start, end]: readonly [string, string],
  now: Date,
): number {
  const until = (endedAt ?? now).getTime()
  const sharedMs = episodes.map((episode) => {
    const last = Math.min(until, ((episode[end] as Date | null) ?? now).getTime())
    return Math.max(0, last - Math.max(startedAt.getTime(), (episode[start] as Date).getTime()))
  })
  return sharedMs.reduce((sum, ms) => sum + ms, 0) / 1000
}

const additive = [
  'count',
  'sum',
  'knownSeconds',
  'weightedSum',
  'mktNumerator',
  'mktDenominator',
  'humidityCount',
  'humiditySum',
  'secondsAbove',
  'secondsBelow',
  'degreeMinutesAboveC',
  'degreeMinutesBelowC',
  'readingsOutOfRange',
  'doorOpenings',
  'doorOpenSeconds',
] as const satisfies readonly (keyof Day)[]

function wholeOf(days: readonly Day[], { from, to }: Period, now: Date): Day {
  const sums = Object.fromEntries(
    additive.map((name) => [name, days.reduce((sum, day) => sum + day[name], 0)]),
  ) as Pick<Day, (typeof additive)[number]>
  const extreme = (values: (number | null)[], of: (...values: number[]) => number) => {
    const known = values.filter((value) => value !== null)
    return known.length === 0 ? null : of(...known)
  }
  return {
    ...sums,
    start: from,
    end: to,
    asOf: new Date(Math.min(to.getTime(), now.getTime())),
    isFinal: days.every(({ isFinal }) => isFinal) && now >= to,
    minC: extreme(
      days.map(({ minC }) => minC),
      Math.min,
    ),
    maxC: extreme(
      days.map(({ maxC }) => maxC),
      Math.max,
    ),
  }
}

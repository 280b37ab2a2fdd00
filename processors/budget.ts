// Budgets of time out of range: how long a unit may be beyond a limit in one stretch, within a local day, or for a lot.
// Only known time counts, under the limit valid at each instant. A budget that runs out does so by timer, at its exact
// instant; what was used of one that did not is nobody's news.
//
//              known time beyond the limit            all of it used
//   (unused) ─────────────────────────────▶ in use ──────────────────▶ exceeded
//      ▲                                       │                          │
//      └── a reading within the limit (consecutive), the end of the local day, another lot, another rule
import type { BudgetUse } from '../schemas/generated/types.ts'
import { endAlert } from './alert.ts'
import { armAlert, type FoldContext, touch } from './fold-context.ts'
import { type BudgetFact, idOf, type Owner, type UnitFold } from './fold-state.ts'
import type { BudgetLimit, Limits } from './limits.ts'

function isBeyond({ side, limitC, isAtLimit }: BudgetLimit, valueC: number): boolean {
  if (valueC === limitC) return isAtLimit
  return side === 'above' ? valueC > limitC : valueC < limitC
}

const isOf = (use: BudgetFact, budget: BudgetLimit): boolean =>
  use.name === budget.name && use.over === budget.over && use.lot === budget.lot

const useOf = ({ budgets }: UnitFold, budget: BudgetLimit): BudgetFact | undefined =>
  budgets.find((use) => isOf(use, budget))

const budgetOf = ({ budgets }: Limits, use: BudgetFact): BudgetLimit | undefined =>
  budgets.find((budget) => isOf(use, budget))

/** The held value's known time from its `countedMs` on is used where it is beyond a limit. */
export function countBudgets(fold: UnitFold, limits: Limits, fromMs: number, durationMs: number): void {
  const { held } = fold
  if (held === null) return
  for (const budget of limits.budgets) {
    if (!isBeyond(budget, held.valueC)) continue
    const use = useOf(fold, budget) ?? beginUse(fold, budget, fromMs)
    use.usedMs += durationMs
  }
}

function beginUse(fold: UnitFold, budget: BudgetLimit, atMs: number): BudgetFact {
  const use = newUse(budget, atMs)
  fold.budgets.push(use)
  return use
}

export const newUse = (
  { name, side, limitC, over, lot, budgetMs }: Omit<BudgetLimit, 'isAtLimit'>,
  atMs: number,
): BudgetFact => ({
  kind: 'budget',
  atMs,
  tag: name,
  touched: false,
  sent: null,
  ...{ name, side, limitC, over, lot, budgetMs },
  usedMs: 0,
  exceededMs: null,
  endedMs: null,
  alert: null,
  alertDueMs: Number.POSITIVE_INFINITY,
})

function endUses(
  fold: UnitFold,
  context: FoldContext,
  atMs: number,
  ends: (use: BudgetFact) => boolean,
): void {
  for (const use of fold.budgets) {
    if (!ends(use)) continue
    use.endedMs = atMs
    endAlert(context, use, atMs)
    if (use.exceededMs !== null) touch(context, use)
  }
  fold.budgets = fold.budgets.filter(({ endedMs }) => endedMs === null)
}

/** A reading within the limit ends a stretch; unknown time neither ends nor prolongs it. */
export function endStretches(fold: UnitFold, context: FoldContext, valueC: number): void {
  const limits = fold.limits
  endUses(fold, context, fold.positionMs, (use) => {
    const budget = use.over === 'consecutive' ? budgetOf(limits, use) : undefined
    return budget !== undefined && !isBeyond(budget, valueC)
  })
}

/** The end of the local day, before anything of the next one is counted. */
export function endDays(fold: UnitFold, context: FoldContext, dayEndMs: number): void {
  if (fold.budgets.length === 0) return
  const exceeded = fold.budgets.filter(({ over, exceededMs }) => over === 'day' && exceededMs !== null)
  endUses(fold, context, dayEndMs, ({ over }) => over === 'day')
  fold.cutBudgets.push(...exceeded)
}

/** What was cut before the checkpoint's instant can no longer change. */
export function forgetCuts(fold: UnitFold, beforeMs: number): void {
  if (fold.cutBudgets.length > 0)
    fold.cutBudgets = fold.cutBudgets.filter(({ endedMs }) => endedMs !== null && endedMs >= beforeMs)
}

/** At `validFrom`: what the rule no longer names ends, and a stretch that the held value is within by the new limit. */
export function judgeUsesAgain(fold: UnitFold, context: FoldContext): void {
  if (fold.budgets.length === 0) return
  const limits = fold.limits
  endUses(fold, context, fold.positionMs, (use) => budgetOf(limits, use) === undefined)
  const { held } = fold
  if (held !== null && !held.lapsed && held.recordedMs !== fold.positionMs)
    endStretches(fold, context, held.valueC)
}

/** Known time beyond the limit up to `atMs`; null: none has begun. */
function usedMs({ held }: UnitFold, budget: BudgetLimit, use: BudgetFact | undefined, atMs: number) {
  if (held === null || held.lapsed || !isBeyond(budget, held.valueC)) return use?.usedMs ?? null
  return (use?.usedMs ?? 0) + atMs - held.countedMs
}

export function fireBudgetTimers(fold: UnitFold, context: FoldContext): void {
  for (const budget of fold.limits.budgets) {
    const begun = useOf(fold, budget)
    if (begun !== undefined && begun.exceededMs !== null) continue
    const used = usedMs(fold, budget, begun, fold.positionMs)
    if (used === null || used < budget.budgetMs) continue
    const use = begun ?? beginUse(fold, budget, fold.positionMs - used)
    const { side, limitC, budgetMs } = budget
    Object.assign(use, { side, limitC, budgetMs })
    use.exceededMs = fold.positionMs
    armAlert(fold, context, use, use.exceededMs)
    touch(context, use)
  }
}

export function budgetDueMs(fold: UnitFold, limits: Limits): number {
  const { held, windows } = fold
  let dueMs = Number.POSITIVE_INFINITY
  for (const budget of limits.budgets) {
    const use = useOf(fold, budget)
    if (use !== undefined && use.exceededMs !== null) {
      if (use.over === 'day' && windows !== null) dueMs = Math.min(dueMs, windows.day.endMs)
    } else if (held !== null && !held.lapsed && isBeyond(budget, held.valueC)) {
      dueMs = Math.min(dueMs, held.countedMs + budget.budgetMs - (use?.usedMs ?? 0))
    }
  }
  return dueMs
}

export const budgetRecord = (
  fact: BudgetFact,
  { unitId, organizationId }: Owner,
  revision: number,
): BudgetUse => ({
  id: idOf(unitId, fact),
  unitId,
  organizationId,
  revision,
  state: fact.endedMs === null ? 'open' : 'closed',
  name: fact.name,
  side: fact.side,
  limit: fact.limitC,
  over: fact.over,
  lot: fact.lot,
  budgetSeconds: fact.budgetMs / 1000,
  startedAt: fact.atMs,
  exceededAt: fact.exceededMs ?? fact.atMs,
  endedAt: fact.endedMs,
  usedSeconds: fact.endedMs === null ? null : fact.usedMs / 1000,
})

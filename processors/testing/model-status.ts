/** The unit's status as a function of the instant, sampled wherever anything can change. */
import type { Excursion } from './model-excursion.ts'
import { firstInstant, limitInstants, type Rules, ruleAt } from './model-rules.ts'
import type { Silence } from './model-silence.ts'
import { isoOf, type Output } from './model-types.ts'

type Status = 'alarm_active' | 'offline' | 'monitoring_interrupted' | 'excursion' | 'restoring' | 'ok'

/** From an instant (null: it never came) to before another (null: still going on). */
function isWithin(atMs: number, fromMs: number | null, untilMs: number | null): boolean {
  return fromMs !== null && fromMs <= atMs && (untilMs === null || atMs < untilMs)
}

/** `delayMinutes` from the end of every confirmed excursion; what has run out is not revived by a longer delay. */
function restorings(excursions: Excursion[], rules: Rules, clockMs: number) {
  return excursions.flatMap(({ confirmedMs, endedMs }) => {
    if (confirmedMs === null || endedMs === null) return []
    const untilMs = firstInstant({
      candidates: limitInstants(rules, endedMs, (rule) => rule.delayMs),
      fromMs: endedMs,
      beforeMs: Number.POSITIVE_INFINITY,
      clockMs,
      holds: (at) => at - endedMs >= ruleAt(rules, at).delayMs,
    })
    return [{ fromMs: endedMs, untilMs }]
  })
}

type StatusWorld = {
  excursions: Excursion[]
  silences: Silence[]
  rules: Rules
  /** The first observation in time order. */
  firstMs: number | null
  clockMs: number
}

export function statusOutputs(unitId: string, world: StatusWorld): Output[] {
  const { excursions, silences, firstMs, clockMs } = world
  if (firstMs === null) return []
  const spells = restorings(excursions, world.rules, clockMs)
  const statusAt = (at: number): Status => {
    if (excursions.some((e) => isWithin(at, e.confirmedMs, e.endedMs))) return 'alarm_active'
    if (silences.some((s) => isWithin(at, s.criticalMs, s.endedMs))) return 'offline'
    if (silences.some((s) => isWithin(at, s.detectedMs, s.endedMs))) return 'monitoring_interrupted'
    if (excursions.some((e) => isWithin(at, e.startedMs, e.endedMs))) return 'excursion'
    if (spells.some((spell) => isWithin(at, spell.fromMs, spell.untilMs))) return 'restoring'
    return 'ok'
  }
  const instants = [
    firstMs,
    ...excursions.flatMap((e) => [e.startedMs, e.confirmedMs, e.endedMs]),
    ...silences.flatMap((s) => [s.detectedMs, s.criticalMs, s.endedMs]),
    ...spells.flatMap((spell) => [spell.fromMs, spell.untilMs]),
  ].filter((at) => at !== null && at >= firstMs && at <= clockMs)
  const ordered = [...new Set(instants)].filter((at) => at !== null).sort((a, b) => a - b)
  return ordered.flatMap((at, i): Output[] => {
    const previous = ordered[i - 1]
    if (previous !== undefined && statusAt(previous) === statusAt(at)) return []
    return [{ topic: 'unit-status', key: unitId, value: { at: isoOf(at), status: statusAt(at) } }]
  })
}

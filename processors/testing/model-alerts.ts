/** Alerts: for each cause the first instant at which the delay is over, the schedule is open and the cause still lasts. */
import { type Calendar, wallAt } from './local-time.ts'
import type { Opening } from './model-door.ts'
import type { Excursion } from './model-excursion.ts'
import { firstInstant, limitInstants, type Rules, ruleAt } from './model-rules.ts'
import type { Silence } from './model-silence.ts'
import { isoOf, isoOrNull, type Output, type Schedule } from './model-types.ts'

type Cause = { alertType: string; startedMs: number; confirmedMs: number | null; endedMs: number | null }

/** Days with Sunday as 0. A schedule that ends at or before its start goes on past midnight, as part of its first day. */
export function isInSchedule(schedule: Schedule | null, timeZone: string, atMs: number): boolean {
  if (schedule === null) return true
  const { weekday, hour } = wallAt(timeZone, atMs)
  const start = schedule.startHour ?? 0
  const end = schedule.endHour ?? 24
  const isOn = (day: number) => schedule.days?.includes(day) ?? true
  if (start < end) return isOn(weekday) && start <= hour && hour < end
  return (isOn(weekday) && hour >= start) || (isOn((weekday + 6) % 7) && hour < end)
}

export function causesOf(excursions: Excursion[], silences: Silence[], openings: Opening[]): Cause[] {
  return [
    ...excursions.map(({ startedMs, confirmedMs, endedMs }) => ({
      alertType: 'alarm_active',
      startedMs,
      confirmedMs,
      endedMs,
    })),
    ...silences.map(({ startedMs, detectedMs, endedMs }) => ({
      alertType: 'monitoring_interrupted',
      startedMs,
      confirmedMs: detectedMs,
      endedMs,
    })),
    ...openings.map(({ openedMs, warningMs, criticalMs, closedMs }) => {
      const firstMs = Math.min(warningMs ?? Number.POSITIVE_INFINITY, criticalMs ?? Number.POSITIVE_INFINITY)
      const confirmedMs = Number.isFinite(firstMs) ? firstMs : null
      return { alertType: 'door_open', startedMs: openedMs, confirmedMs, endedMs: closedMs }
    }),
  ]
}

type AlertWorld = { rules: Rules; calendar: Calendar; timeZone: string; clockMs: number }

export function alertOutputs(unitId: string, causes: Cause[], world: AlertWorld): Output[] {
  return causes.flatMap(({ alertType, startedMs, confirmedMs, endedMs }): Output[] => {
    if (confirmedMs === null) return []
    const triggeredMs = firstInstant({
      candidates: [
        ...limitInstants(world.rules, confirmedMs, (rule) => rule.delayMs),
        ...world.calendar.hours.map((hour) => hour.startMs),
      ],
      fromMs: confirmedMs,
      beforeMs: endedMs ?? Number.POSITIVE_INFINITY,
      clockMs: world.clockMs,
      holds: (at) => {
        const { delayMs, schedule } = ruleAt(world.rules, at)
        return at - confirmedMs >= delayMs && isInSchedule(schedule, world.timeZone, at)
      },
    })
    if (triggeredMs === null) return []
    const value = {
      alertType,
      causeStartedAt: isoOf(startedMs),
      triggeredAt: isoOf(triggeredMs),
      resolvedAt: isoOrNull(endedMs),
    }
    return [{ topic: 'alerts', key: unitId, value }]
  })
}

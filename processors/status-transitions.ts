// The unit's status as a table: every status × everything that can happen. It is data, for the page and the diagram that
// are generated from it; unit-status.ts judges by what is true at the end of an instant, and a test holds the two together
// over everything that can be true at once.
import type { UnitStatus } from '../schemas/generated/types.ts'

/** What can begin or end under a status, one at a time; at one instant there may be several. */
export const statusEvents = [
  'excursion started',
  'excursion confirmed',
  'excursion ended',
  'silence detected',
  'silence critical',
  'silence ended',
  'restoring over',
  'manual log overdue',
  'manual log entered',
] as const

export type StatusEvent = (typeof statusEvents)[number]

/**
 * A status: what it becomes. stays: something more urgent, or as urgent, goes on. falls: to the most urgent of what is
 * left. never: it cannot happen under this status.
 */
export type Transition = UnitStatus | 'stays' | 'falls' | 'never'

/** The most urgent first: of several that hold, the first is the status. */
export const statusRanking: readonly UnitStatus[] = [
  'alarm_active',
  'offline',
  'monitoring_interrupted',
  'excursion',
  'restoring',
  'manual_required',
  'ok',
]

export const statusTransitions: Record<UnitStatus, Record<StatusEvent, Transition>> = {
  alarm_active: {
    'excursion started': 'never',
    'excursion confirmed': 'never',
    'excursion ended': 'falls',
    'silence detected': 'stays',
    'silence critical': 'stays',
    'silence ended': 'stays',
    'restoring over': 'stays',
    'manual log overdue': 'stays',
    'manual log entered': 'stays',
  },
  offline: {
    // Without a check-in temperatures come from replayed history.
    'excursion started': 'stays',
    'excursion confirmed': 'alarm_active',
    'excursion ended': 'stays',
    'silence detected': 'never',
    'silence critical': 'never',
    'silence ended': 'falls',
    'restoring over': 'stays',
    'manual log overdue': 'stays',
    'manual log entered': 'stays',
  },
  monitoring_interrupted: {
    'excursion started': 'stays',
    'excursion confirmed': 'alarm_active',
    'excursion ended': 'stays',
    'silence detected': 'never',
    'silence critical': 'offline',
    'silence ended': 'falls',
    'restoring over': 'stays',
    'manual log overdue': 'stays',
    'manual log entered': 'stays',
  },
  excursion: {
    'excursion started': 'never',
    'excursion confirmed': 'alarm_active',
    'excursion ended': 'falls',
    'silence detected': 'monitoring_interrupted',
    'silence critical': 'never',
    'silence ended': 'never',
    'restoring over': 'stays',
    'manual log overdue': 'stays',
    'manual log entered': 'stays',
  },
  restoring: {
    'excursion started': 'excursion',
    'excursion confirmed': 'never',
    'excursion ended': 'never',
    'silence detected': 'monitoring_interrupted',
    'silence critical': 'never',
    'silence ended': 'never',
    'restoring over': 'falls',
    'manual log overdue': 'stays',
    'manual log entered': 'stays',
  },
  manual_required: {
    'excursion started': 'excursion',
    'excursion confirmed': 'never',
    'excursion ended': 'never',
    'silence detected': 'monitoring_interrupted',
    'silence critical': 'never',
    'silence ended': 'never',
    'restoring over': 'never',
    'manual log overdue': 'never',
    'manual log entered': 'falls',
  },
  ok: {
    'excursion started': 'excursion',
    'excursion confirmed': 'never',
    'excursion ended': 'never',
    'silence detected': 'monitoring_interrupted',
    'silence critical': 'never',
    'silence ended': 'never',
    'restoring over': 'never',
    'manual log overdue': 'manual_required',
    'manual log entered': 'never',
  },
}

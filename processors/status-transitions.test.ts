import { expect, test } from 'vitest'
import type { UnitStatus } from '../schemas/generated/types.ts'
import { newExcursion } from './excursion.ts'
import { newCondition } from './fold-context.ts'
import { emptyFold, type UnitFold } from './fold-state.ts'
import { newSilence } from './silence.ts'
import { type StatusEvent, statusEvents, statusRanking, statusTransitions } from './status-transitions.ts'
import { statusOf } from './unit-status.ts'

/** What is true of a unit, as far as its status goes. */
type Truth = {
  excursion: 'none' | 'open' | 'confirmed'
  silence: 'heard' | 'silent' | 'critical'
  isRestoring: boolean
  isOverdue: boolean
}

const truths: Truth[] = (['none', 'open', 'confirmed'] as const).flatMap((excursion) =>
  (['heard', 'silent', 'critical'] as const).flatMap((silence) =>
    [false, true].flatMap((isRestoring) =>
      [false, true].map((isOverdue) => ({ excursion, silence, isRestoring, isOverdue })),
    ),
  ),
)

const statusIn = ({ excursion, silence, isRestoring, isOverdue }: Truth): UnitStatus => {
  const fold: UnitFold = emptyFold()
  if (excursion !== 'none')
    fold.excursion = { ...newExcursion(0, 'high', 0), confirmedMs: excursion === 'confirmed' ? 1 : null }
  if (silence !== 'heard')
    fold.silence = { ...newSilence(0, 1, null), criticalMs: silence === 'critical' ? 2 : null }
  if (isRestoring) fold.restoring = { sinceMs: 0, cause: { kind: 'excursion', atMs: 0, tag: 'high' } }
  if (isOverdue)
    fold.missedLog = newCondition('manual-log', { atMs: 0, tag: '', confirmedMs: 0, level: null })
  return statusOf(fold)
}

/** Null: that cannot happen while this is true. */
const happens: Record<StatusEvent, (truth: Truth) => Truth | null> = {
  'excursion started': (t) => (t.excursion === 'none' ? { ...t, excursion: 'open' } : null),
  'excursion confirmed': (t) => (t.excursion === 'open' ? { ...t, excursion: 'confirmed' } : null),
  'excursion ended': (t) =>
    t.excursion === 'none'
      ? null
      : { ...t, excursion: 'none', isRestoring: t.isRestoring || t.excursion === 'confirmed' },
  'silence detected': (t) => (t.silence === 'heard' ? { ...t, silence: 'silent' } : null),
  'silence critical': (t) => (t.silence === 'silent' ? { ...t, silence: 'critical' } : null),
  'silence ended': (t) => (t.silence === 'heard' ? null : { ...t, silence: 'heard' }),
  'restoring over': (t) => (t.isRestoring ? { ...t, isRestoring: false } : null),
  'manual log overdue': (t) => (t.isOverdue ? null : { ...t, isOverdue: true }),
  'manual log entered': (t) => (t.isOverdue ? { ...t, isOverdue: false } : null),
}

test.each(statusEvents)('%s: the table says of every status what the fold does', (event) => {
  const possible = new Set<UnitStatus>()
  for (const truth of truths) {
    const after = happens[event](truth)
    if (after === null) continue
    const [from, to] = [statusIn(truth), statusIn(after)]
    possible.add(from)
    const said = statusTransitions[from][event]
    if (said === 'stays') expect(to, JSON.stringify(truth)).toBe(from)
    else if (said === 'falls') expect(statusRanking.indexOf(to)).toBeGreaterThan(statusRanking.indexOf(from))
    else expect(to, JSON.stringify(truth)).toBe(said)
  }
  for (const status of statusRanking)
    expect(possible.has(status), status).toBe(statusTransitions[status][event] !== 'never')
})

test('of several that hold, the most urgent is the status', () => {
  for (const truth of truths) {
    const { excursion, silence, isRestoring, isOverdue } = truth
    const holds: Record<UnitStatus, boolean> = {
      alarm_active: excursion === 'confirmed',
      offline: silence === 'critical',
      monitoring_interrupted: silence === 'silent',
      excursion: excursion === 'open',
      restoring: isRestoring,
      manual_required: isOverdue,
      ok: true,
    }
    expect(statusIn(truth)).toBe(statusRanking.find((status) => holds[status]))
  }
})

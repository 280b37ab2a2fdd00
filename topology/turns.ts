// In which order the tasks of a process take what waits for them.
//
// Devices of one unit lie in different partitions of a source, and a reader that has fallen behind gets these hours apart
// from each other. Were each partition taken as it comes, a unit would meet one device's afternoon before the other's
// morning, call the morning late, and say other things than without the delay. So tasks of sources take turns by the
// instant at which their records were written: what was written first is taken first, as if nobody had been behind.
import type { TaskSlot } from './task-slot.ts'

/** `untilMs`: the slot's records up to here come before anybody else's. */
export type Turn = { slot: TaskSlot; untilMs: number }

export const takesTurns = ({ task }: TaskSlot): boolean => task.stage.upstream.length === 0

/**
 * Whose turn it is; null: nobody's. A slot that has nothing here but is behind may still get something older: the others
 * wait for it. What was written after `limitMs` is nobody's turn.
 */
export function nextTurn(
  slots: readonly TaskSlot[],
  nowMs: number,
  limitMs = Number.POSITIVE_INFINITY,
): Turn | null {
  let first: TaskSlot | null = null
  let firstMs = Number.POSITIVE_INFINITY
  let untilMs = limitMs
  for (const slot of slots) {
    const headMs = slot.blockedUntilMs > nowMs ? null : slot.headMs
    if (headMs === null) {
      if (slot.isAwaited && !slot.isAtEnd) untilMs = Math.min(untilMs, slot.task.writtenMs)
    } else if (headMs < firstMs) {
      untilMs = Math.min(untilMs, firstMs)
      first = slot
      firstMs = headMs
    } else untilMs = Math.min(untilMs, headMs)
  }
  return first === null || firstMs > untilMs ? null : { slot: first, untilMs }
}

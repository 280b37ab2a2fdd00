// When the open transaction is to be committed. What a commit costs by the key, a state and the running sums, is several times what a
// record costs: the more records a key has in a transaction, the cheaper each of them is.
//
// So a transaction goes on while more is waiting, and ends once nothing is: what comes during a commit makes the next one. That is a
// control loop with next to no constants. Under a load for which commits of one interval are too dear, transactions grow until they
// are cheap enough, and no further; a live one, for which nothing waits, ends after its interval, as if there were no loop.
import type { TaskSlot } from './task-slot.ts'

/** So few come while a commit is thought of: they do not keep it open. */
const FEW_RECORDS = 1_000
/** How long one may grow in a backlog: nothing of it comes out earlier, and a kill takes all of it back. */
const BACKLOG_INTERVALS = 40
/** Commits take half of the time at most; and only after a while is it known what has come during a long one. */
const COMMITS_APART = 2

export type OpenTransaction = {
  /** Since the commit before it began, and how long that took. */
  openMs: number
  commitMs: number
  /** How many records it has, and how many it may have. */
  taken: number
  takenMax: number
  /** Records that it could still take, as far as is known. */
  waiting: number
  /** Other processes wait for what it says of how far it is. */
  isAwaited: boolean
}

export function isRipe(
  { openMs, commitMs, taken, takenMax, waiting, isAwaited }: OpenTransaction,
  intervalMs: number,
): boolean {
  if (taken >= takenMax) return true
  if (openMs < intervalMs) return false
  if (isAwaited || openMs >= BACKLOG_INTERVALS * intervalMs) return true
  return waiting < FEW_RECORDS && openMs >= COMMITS_APART * commitMs
}

type Following = Pick<TaskSlot, 'endAskedMs'> & {
  clock: Pick<TaskSlot['clock'], 'lag'>
  task: Pick<TaskSlot['task'], 'takenRecords'>
}

/**
 * Whether tasks of stages that follow have taken all of what was handed on to them in a transaction, which ended at `handedOnMs`: it
 * comes out at once, and does not wait for the end of the next one. So it waits once for what is in front of it, and not twice.
 */
export function haveAll(slots: readonly Following[], handedOnMs: number | null): boolean {
  if (handedOnMs === null || slots.every(({ task }) => task.takenRecords === 0)) return false
  return slots.every(({ endAskedMs, clock }) => endAskedMs > handedOnMs && clock.lag === 0)
}

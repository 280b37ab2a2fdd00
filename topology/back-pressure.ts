// Which partitions are not read for the moment, because enough of them waits here already.
//
// Everything that a process reads waits in its tasks until it is their turn (turns.ts). Partitions of a backlog are unequal:
// one's 64 KiB hold a minute, another's a day. Were all read on while the hindmost is waited for, the others would pile up
// without end. So each may have its share of what a process lets wait. One that has more is paused: Kafka keeps the rest, the
// order of turns is kept, and the group is heard all the same.

/** Of all that waits in a process: records, and bytes as the broker has them. One read comes on top. */
export const WAITING_RECORDS_MAX = 200_000
export const WAITING_BYTES_MAX = 64 * 1024 * 1024

/**
 * A pause drops what the client has fetched of the partition, and the resumption fetches it again: it must be worth it. So nothing is
 * paused before half of the room is taken, by whomever; and a partition is read again once it has only a quarter of its share left,
 * or all of them together of the room.
 */
const CROWDED_AT = 0.5
const REFILL_AT = 0.25

type Waiting = { pending: number; pendingBytes: number }

/** How much of its share a task has waiting, of `tasks` in the process; 1: all of it. */
export const fillOf = ({ pending, pendingBytes }: Waiting, tasks: number): number =>
  tasks * Math.max(pending / WAITING_RECORDS_MAX, pendingBytes / WAITING_BYTES_MAX)

/** Whether what is this full is not to be read, or not yet again; `crowd`: how much of the room all together take. */
export const staysPaused = (fill: number, isPaused: boolean, crowd = 1): boolean =>
  isPaused ? Math.min(fill, crowd) > REFILL_AT : fill > 1 && crowd > CROWDED_AT

// What a device has been seen to send: frame counters as runs, which stay few however many frames there are and however
// late they come, and digests by event time where there is no counter.
import type {
  SeenDigest,
  SeenReadings,
  SeenSession,
  SeenSpace,
  SeenUplinks,
} from '../schemas/generated/types.ts'
import { emptyDigests, keptBytes, packed, type ReadingDigests, restoreDigests } from './reading-digests.ts'

type Mutable<T> = T extends readonly (infer I)[]
  ? Mutable<I>[]
  : T extends object
    ? { -readonly [K in keyof T]: Mutable<T[K]> }
    : T

export type Digests = Mutable<SeenDigest>[]
export type Uplinks = Mutable<SeenUplinks>
type Session = Mutable<SeenSession>
export type Readings = { unitId: string; digests: ReadingDigests }
export type Space = { uplinks: Uplinks; unassigned: Uplinks; readings: Readings[] }

export const emptyUplinks = (): Uplinks => ({ sessions: [], digests: [] })

export const emptySpace = (): Space => ({
  uplinks: emptyUplinks(),
  unassigned: emptyUplinks(),
  readings: [],
})

/** What makes an uplink one: its session's counter, else its instant and the digest of what it carries. */
export type UplinkIdentity = {
  sessionKeyId: string | null
  fCnt: number
  recordedAtMs: number
  digest: number
}

export function hasUplink(seen: Uplinks, uplink: UplinkIdentity): boolean {
  if (uplink.sessionKeyId === null)
    return digestsAt(seen.digests, uplink.recordedAtMs).includes(uplink.digest)
  const session = sessionOf(seen, uplink.sessionKeyId)
  return session !== undefined && runOf(session.ranges, uplink.fCnt) >= 0
}

/** Nearly always it is the newest. */
function sessionOf({ sessions }: Uplinks, sessionKeyId: string): Session | undefined {
  for (let at = sessions.length - 1; at >= 0; at--)
    if (sessions[at]?.sessionKeyId === sessionKeyId) return sessions[at]
  return undefined
}

/** `forgetBeforeMs`: nothing as old as that can be a reading any more, so nothing as old needs to be remembered. */
export function addUplink(seen: Uplinks, uplink: UplinkIdentity, forgetBeforeMs: number): void {
  const { sessionKeyId, fCnt, recordedAtMs } = uplink
  if (sessionKeyId === null) {
    addDigest(seen.digests, recordedAtMs, uplink.digest, forgetBeforeMs)
    return
  }
  const session = sessionOf(seen, sessionKeyId)
  if (session !== undefined) {
    addCounter(session.ranges, fCnt)
    session.lastMs = Math.max(session.lastMs, recordedAtMs)
    return
  }
  seen.sessions = seen.sessions.filter(({ lastMs }) => lastMs >= forgetBeforeMs)
  seen.sessions.push({ sessionKeyId, lastMs: recordedAtMs, ranges: [fCnt, fCnt] })
}

/** The position in `ranges` (first, last, first, last, …) of the run that holds the counter; −1: none. */
function runOf(ranges: readonly number[], counter: number): number {
  const at = placeInRuns(ranges, counter)
  return at < ranges.length && (ranges[at] ?? 0) <= counter ? at : -1
}

/** The position of the first run that ends at or after the counter. */
function placeInRuns(ranges: readonly number[], counter: number): number {
  let low = 0
  let high = ranges.length / 2
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ranges[2 * middle + 1] ?? 0) < counter) low = middle + 1
    else high = middle
  }
  return 2 * low
}

export function addCounter(ranges: number[], counter: number): void {
  const at = placeInRuns(ranges, counter)
  const first = ranges[at]
  if (first !== undefined && first <= counter) return
  const joinsBefore = at > 0 && ranges[at - 1] === counter - 1
  const joinsAfter = first === counter + 1
  if (joinsBefore && joinsAfter) ranges.splice(at - 1, 2)
  else if (joinsBefore) ranges[at - 1] = counter
  else if (joinsAfter) ranges[at] = counter
  else ranges.splice(at, 0, counter, counter)
}

function placeAfter(digests: Digests, recordedAtMs: number): number {
  let low = 0
  let high = digests.length
  if (high > 0 && (digests[high - 1]?.recordedAtMs ?? 0) <= recordedAtMs) return high
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((digests[middle]?.recordedAtMs ?? 0) <= recordedAtMs) low = middle + 1
    else high = middle
  }
  return low
}

export function digestsAt(digests: Digests, recordedAtMs: number): number[] {
  const found: number[] = []
  for (let at = placeAfter(digests, recordedAtMs) - 1; at >= 0; at--) {
    const seen = digests[at]
    if (seen === undefined || seen.recordedAtMs !== recordedAtMs) break
    found.push(seen.digest)
  }
  return found
}

export function addDigest(
  digests: Digests,
  recordedAtMs: number,
  digest: number,
  forgetBeforeMs: number,
): void {
  digests.splice(placeAfter(digests, recordedAtMs), 0, { recordedAtMs, digest })
  const kept = digests.findIndex((seen) => seen.recordedAtMs >= forgetBeforeMs)
  if (kept !== 0) digests.splice(0, kept < 0 ? digests.length : kept)
}

export function readingsOf(space: Space, unitId: string): ReadingDigests {
  for (const known of space.readings) if (known.unitId === unitId) return known.digests
  const digests = emptyDigests()
  space.readings.push({ unitId, digests })
  return digests
}

export const keepSpace = ({ uplinks, unassigned, readings }: Space): SeenSpace => ({
  uplinks,
  unassigned,
  readings: readings.map(keepReadings),
})

const ofEarlierReleases: readonly number[] = []

const keepReadings = ({ unitId, digests }: Readings): SeenReadings => ({
  unitId,
  gapsMs: ofEarlierReleases,
  digests: ofEarlierReleases,
  firstMs: digests.firstMs,
  packed: keptBytes(digests),
})

export const restoreSpace = ({ uplinks, unassigned, readings }: SeenSpace): Space => ({
  uplinks: copyUplinks(uplinks),
  unassigned: copyUplinks(unassigned),
  readings: readings.map((kept) => ({ unitId: kept.unitId, digests: restoreReadings(kept) })),
})

const copyUplinks = ({ sessions, digests }: SeenUplinks): Uplinks => ({
  sessions: sessions.map((session) => ({ ...session, ranges: [...session.ranges] })),
  digests: digests.map((digest) => ({ ...digest })),
})

/** Earlier releases kept two arrays. */
function restoreReadings({ firstMs, packed: bytes, gapsMs, digests }: SeenReadings): ReadingDigests {
  if (gapsMs.length === 0) return restoreDigests(firstMs, bytes)
  let recordedAtMs = 0
  return packed(
    gapsMs.map((gapMs, index) => {
      recordedAtMs += gapMs
      return { recordedAtMs, digest: digests[index] ?? 0 }
    }),
  )
}

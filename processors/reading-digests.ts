// The digests of a device's readings by event time. Two days of them are hundreds, and the changelog has all of them in every
// record: so they are one run of bytes. What comes in order is appended and what is old is cut off in front, neither of
// which touches the rest; only what comes late is put into its place by packing anew.
//
//   entry = gap to the entry before, ms, 7 bits a byte, lowest first | digest, 4 bytes, lowest first

const DIGEST_BYTES = 4
const ENTRY_BYTES_MAX = 8 + DIGEST_BYTES
/** A device of two days has moved to a larger run eight times. One of a task's live ones has 3 KB at most. */
const GROWTH = 1.5
const BYTES_MIN = 64

/** The first entry's instant is `firstMs`, whatever its gap was to one that has been forgotten. */
export type ReadingDigests = { bytes: Buffer; from: number; to: number; firstMs: number; lastMs: number }

export type Entry = { recordedAtMs: number; digest: number }

export const emptyDigests = (): ReadingDigests => ({
  bytes: Buffer.allocUnsafeSlow(0),
  from: 0,
  to: 0,
  firstMs: 0,
  lastMs: 0,
})

const isEmpty = ({ from, to }: ReadingDigests): boolean => from === to

/** What stands at an instant, if anything does. */
export function digestAt(digests: ReadingDigests, recordedAtMs: number): number | undefined {
  const at = placeOf(digests, recordedAtMs)
  return at < 0 ? undefined : digests.bytes.readInt32LE(at)
}

export function replaceDigest(digests: ReadingDigests, recordedAtMs: number, digest: number): void {
  const at = placeOf(digests, recordedAtMs)
  if (at >= 0) digests.bytes.writeInt32LE(digest, at)
}

/** There is one digest an instant: ask `digestAt` first. What is before `forgetBeforeMs` is forgotten. */
export function addDigest(
  digests: ReadingDigests,
  recordedAtMs: number,
  digest: number,
  forgetBeforeMs: number,
): void {
  if (isEmpty(digests) || recordedAtMs > digests.lastMs) append(digests, recordedAtMs, digest)
  else Object.assign(digests, packed(insertedInto(entriesOf(digests), { recordedAtMs, digest })))
  while (!isEmpty(digests) && digests.firstMs < forgetBeforeMs) forgetFirst(digests)
}

/** As the changelog keeps them: a view, to be encoded before the next change. */
export const keptBytes = ({ bytes, from, to }: ReadingDigests): Buffer => bytes.subarray(from, to)

export function restoreDigests(firstMs: number, bytes: Buffer): ReadingDigests {
  const digests = { bytes, from: 0, to: bytes.length, firstMs, lastMs: firstMs }
  for (let at = nextOf(bytes, 0); at < digests.to; at = nextOf(bytes, at)) digests.lastMs += gapAt(bytes, at)
  return digests
}

export function packed(entries: readonly Entry[]): ReadingDigests {
  const digests = emptyDigests()
  for (const { recordedAtMs, digest } of entries) append(digests, recordedAtMs, digest)
  return digests
}

export function entriesOf({ bytes, from, to, firstMs }: ReadingDigests): Entry[] {
  const entries: Entry[] = []
  let recordedAtMs = firstMs
  for (let at = from; at < to; at = nextOf(bytes, at)) {
    if (at > from) recordedAtMs += gapAt(bytes, at)
    entries.push({ recordedAtMs, digest: bytes.readInt32LE(endOfGap(bytes, at)) })
  }
  return entries
}

function insertedInto(entries: Entry[], entry: Entry): Entry[] {
  const place = entries.findIndex(({ recordedAtMs }) => recordedAtMs > entry.recordedAtMs)
  entries.splice(place < 0 ? entries.length : place, 0, entry)
  return entries
}

function append(digests: ReadingDigests, recordedAtMs: number, digest: number): void {
  if (isEmpty(digests)) digests.firstMs = recordedAtMs
  let gap = isEmpty(digests) ? 0 : recordedAtMs - digests.lastMs
  makeRoom(digests)
  const { bytes } = digests
  for (; gap >= 0x80; gap = Math.floor(gap / 0x80)) bytes[digests.to++] = (gap % 0x80) | 0x80
  bytes[digests.to++] = gap
  digests.to = bytes.writeInt32LE(digest, digests.to)
  digests.lastMs = recordedAtMs
}

/** Where a quarter as much as stands has been forgotten in front, what stands is moved there. */
function makeRoom(digests: ReadingDigests): void {
  const { bytes, from, to } = digests
  if (bytes.length - to >= ENTRY_BYTES_MAX) return
  const stands = to - from
  const roomy = from > ENTRY_BYTES_MAX + stands / 4 ? bytes : bytesFor(stands + ENTRY_BYTES_MAX)
  digests.to = bytes.copy(roomy, 0, from, to)
  digests.from = 0
  digests.bytes = roomy
}

const bytesFor = (need: number): Buffer =>
  Buffer.allocUnsafeSlow(Math.max(BYTES_MIN, Math.ceil(need * GROWTH)))

function forgetFirst(digests: ReadingDigests): void {
  digests.from = nextOf(digests.bytes, digests.from)
  if (!isEmpty(digests)) digests.firstMs += gapAt(digests.bytes, digests.from)
}

/** Where the instant's digest lies; −1: there is none. Nearly always it is asked of an instant after the last. */
function placeOf(digests: ReadingDigests, recordedAtMs: number): number {
  const { bytes, from, to, firstMs, lastMs } = digests
  if (isEmpty(digests) || recordedAtMs > lastMs || recordedAtMs < firstMs) return -1
  let standsMs = firstMs
  for (let at = from; at < to && standsMs <= recordedAtMs; at = nextOf(bytes, at)) {
    if (at > from) standsMs += gapAt(bytes, at)
    if (standsMs === recordedAtMs) return endOfGap(bytes, at)
  }
  return -1
}

const nextOf = (bytes: Buffer, at: number): number => endOfGap(bytes, at) + DIGEST_BYTES

function endOfGap(bytes: Buffer, at: number): number {
  let end = at
  while ((bytes[end] ?? 0) >= 0x80) end++
  return end + 1
}

function gapAt(bytes: Buffer, at: number): number {
  let gap = 0
  let scale = 1
  for (let place = at; ; place++, scale *= 0x80) {
    const byte = bytes[place] ?? 0
    gap += (byte & 0x7f) * scale
    if (byte < 0x80) return gap
  }
}

// The digests of a device's readings by event time. Two days of them are hundreds, and the changelog has all of them in every
// record: so they are one run of bytes. What comes in order is appended and what is old is cut off in front, neither of
// which touches the rest; only what comes late is put into its place by packing anew.
//
//   entry = gap to the entry before, ms, 7 bits a byte, lowest first | digest, 4 bytes, lowest first

const DIGEST_BYTES = 4
const GAP_BYTES_MAX = 8
const GROWTH = 1.25

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
  for (const { recordedAtMs } of walk(digests)) digests.lastMs = recordedAtMs
  return digests
}

export function packed(entries: readonly Entry[]): ReadingDigests {
  const digests = emptyDigests()
  for (const { recordedAtMs, digest } of entries) append(digests, recordedAtMs, digest)
  return digests
}

export const entriesOf = (digests: ReadingDigests): Entry[] =>
  Array.from(walk(digests), ({ recordedAtMs, at }) => ({
    recordedAtMs,
    digest: digests.bytes.readInt32LE(at),
  }))

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

function makeRoom(digests: ReadingDigests): void {
  const { bytes, from, to } = digests
  const need = to - from + GAP_BYTES_MAX + DIGEST_BYTES
  if (bytes.length - from >= need) return
  const roomy = Buffer.allocUnsafeSlow(Math.ceil(need * GROWTH))
  digests.to = bytes.copy(roomy, 0, from, to)
  digests.from = 0
  digests.bytes = roomy
}

function forgetFirst(digests: ReadingDigests): void {
  digests.from = endOfGap(digests.bytes, digests.from) + DIGEST_BYTES
  if (!isEmpty(digests)) digests.firstMs += gapAt(digests.bytes, digests.from)
}

/** Where the instant's digest lies; −1: there is none. Nearly always it is asked of an instant after the last. */
function placeOf(digests: ReadingDigests, recordedAtMs: number): number {
  if (isEmpty(digests) || recordedAtMs > digests.lastMs || recordedAtMs < digests.firstMs) return -1
  for (const entry of walk(digests)) if (entry.recordedAtMs === recordedAtMs) return entry.at
  return -1
}

function* walk({
  bytes,
  from,
  to,
  firstMs,
}: ReadingDigests): Generator<{ recordedAtMs: number; at: number }> {
  let recordedAtMs = firstMs
  for (let at = from; at < to; at += DIGEST_BYTES) {
    if (at > from) recordedAtMs += gapAt(bytes, at)
    at = endOfGap(bytes, at)
    yield { recordedAtMs, at }
  }
}

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

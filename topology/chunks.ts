// Large buffers that are filled, written to the broker or moved elsewhere, and filled again. What is made anew with each transaction
// is moved to V8's old generation just before it becomes garbage, and fills it.

export const CHUNK_BYTES = 256 * 1024

/** Of all tasks of a thread, which commit together: what the next transaction needs is what this one has given back. */
const SPARE_MAX = 256
const spare: Buffer[] = []

export const takeChunk = (): Buffer => spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES)

/** Nobody may look into it any more. */
export function giveBack(chunk: Buffer): void {
  if (chunk.length === CHUNK_BYTES && spare.length < SPARE_MAX) spare.push(chunk)
}

// Copies of one partition's batches, in chunks that are filled again once everything in them has been let go: as buffers of their
// own, each batch would count against V8's bound for memory outside of its heap, and every 64 MB of them begin a collection of
// the whole heap.

const CHUNK_BYTES = 512 * 1024
/** Of all partitions of a thread. */
const SPARE_MAX = 128
const spare: Buffer[] = []

type Chunk = {
  bytes: Buffer
  used: number
  /** After all of its records. */
  nextOffset: number
}

export class KeptBytes {
  /** In the order in which they were begun. */
  readonly #chunks: Chunk[] = []

  /** `nextOffset`: what comes after the last record in it. The copy stays until that is released. */
  copy(batch: Buffer, nextOffset: number): Buffer {
    const chunk = this.#withRoomFor(batch.length)
    const from = chunk.used
    chunk.bytes.set(batch, from)
    chunk.used += batch.length
    // Where a partition is read again, earlier records come after later ones.
    chunk.nextOffset = Math.max(chunk.nextOffset, nextOffset)
    return chunk.bytes.subarray(from, chunk.used)
  }

  /** Nobody will look at what came before the offset. */
  release(offset: number): void {
    const kept = this.#chunks.findIndex(({ nextOffset }) => nextOffset > offset)
    const released = this.#chunks.splice(0, kept < 0 ? this.#chunks.length : kept)
    for (const { bytes } of released)
      if (bytes.length === CHUNK_BYTES && spare.length < SPARE_MAX) spare.push(bytes)
  }

  #withRoomFor(bytes: number): Chunk {
    const last = this.#chunks.at(-1)
    if (last !== undefined && last.used + bytes <= last.bytes.length) return last
    const buffer = bytes > CHUNK_BYTES ? Buffer.allocUnsafeSlow(bytes) : takeChunk()
    const chunk = { bytes: buffer, used: 0, nextOffset: 0 }
    this.#chunks.push(chunk)
    return chunk
  }
}

const takeChunk = (): Buffer => spare.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES)

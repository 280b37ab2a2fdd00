// The committed values of a task's keys, as bytes in segments outside of V8's heap, which its collector need not look after.
// A value is overwritten where it lies if there is room; otherwise it moves to the end, and once a quarter is garbage, all move.
import { CHUNK_BYTES, giveBack, takeChunk } from './chunks.ts'

const FIRST_BYTES = 64 * 1024
/** A place is a segment's number and where in it, in 31 bits for 2 GiB: no segment with two values in it is longer than this. */
const PLACES = CHUNK_BYTES
/** Before each value: its room, and its length. */
const HEAD_BYTES = 8
/** A state grows and shrinks by some readings: with this much room it seldom has to move. */
const ROOM_STEP_BYTES = 64
/** Beside a quarter of what lives. */
const GARBAGE_MAX_BYTES = 1024 * 1024

export class StateBytes {
  readonly #places = new Map<string, number>()
  #segments: Buffer[] = []
  #used = 0
  #liveBytes = 0
  #garbageBytes = 0

  get size(): number {
    return this.#places.size
  }

  /** What the segments take, garbage and room included. */
  get bytes(): number {
    return this.#segments.reduce((sum, segment) => sum + segment.length, 0)
  }

  /** Each value is a view, until the next `set` or `delete`. */
  *entries(): Generator<[key: string, value: Buffer]> {
    for (const [key, place] of this.#places) yield [key, this.#valueAt(place)]
  }

  /** A view, until the next `set` or `delete`. */
  get(key: string): Buffer | null {
    const place = this.#places.get(key)
    return place === undefined ? null : this.#valueAt(place)
  }

  /** Copies the value. */
  set(key: string, value: Buffer): void {
    const place = this.#places.get(key)
    if (place !== undefined) {
      const segment = this.#segmentAt(place)
      if (segment.readUInt32LE(place % PLACES) >= value.length) {
        write(segment, place % PLACES, value)
        return
      }
      this.#forget(place)
    }
    this.#places.set(key, this.#append(value))
    if (this.#garbageBytes > GARBAGE_MAX_BYTES + this.#liveBytes / 4) this.#compact()
  }

  delete(key: string): void {
    const place = this.#places.get(key)
    if (place === undefined) return
    this.#forget(place)
    this.#places.delete(key)
  }

  #valueAt(place: number): Buffer {
    const segment = this.#segmentAt(place)
    const from = (place % PLACES) + HEAD_BYTES
    return segment.subarray(from, from + segment.readUInt32LE(from - 4))
  }

  #segmentAt(place: number): Buffer {
    return this.#segments[Math.floor(place / PLACES)] as Buffer
  }

  #forget(place: number): void {
    const bytes = HEAD_BYTES + this.#segmentAt(place).readUInt32LE(place % PLACES)
    this.#liveBytes -= bytes
    this.#garbageBytes += bytes
  }

  #append(value: Buffer): number {
    const room = Math.ceil(value.length / ROOM_STEP_BYTES) * ROOM_STEP_BYTES
    const segment = this.#withRoomFor(HEAD_BYTES + room)
    const at = this.#used
    segment.writeUInt32LE(room, at)
    write(segment, at, value)
    this.#used += HEAD_BYTES + room
    this.#liveBytes += HEAD_BYTES + room
    return (this.#segments.length - 1) * PLACES + at
  }

  /** Segments double up to their size, because most tasks of a small fleet have a few keys. */
  #withRoomFor(bytes: number): Buffer {
    const last = this.#segments.at(-1)
    if (last !== undefined && this.#used + bytes <= last.length) return last
    const next = last === undefined ? FIRST_BYTES : Math.min(CHUNK_BYTES, 2 * last.length)
    const isChunk = next === CHUNK_BYTES && bytes <= CHUNK_BYTES
    const segment = isChunk ? takeChunk() : Buffer.allocUnsafeSlow(Math.max(next, bytes))
    this.#segments.push(segment)
    this.#used = 0
    return segment
  }

  #compact(): void {
    const old = this.#segments
    this.#segments = []
    this.#used = 0
    this.#liveBytes = 0
    this.#garbageBytes = 0
    for (const [key, place] of this.#places) {
      const segment = old[Math.floor(place / PLACES)] as Buffer
      const from = (place % PLACES) + HEAD_BYTES
      const value = segment.subarray(from, from + segment.readUInt32LE(from - 4))
      this.#places.set(key, this.#append(value))
    }
    for (const segment of old) giveBack(segment)
  }
}

function write(segment: Buffer, at: number, value: Buffer): void {
  segment.writeUInt32LE(value.length, at + 4)
  segment.set(value, at + HEAD_BYTES)
}

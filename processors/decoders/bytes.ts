// Reading numbers out of payload bytes. Every reader throws on a position beyond the end, so a decoder that
// forgets to check a length fails instead of inventing a number; `guarded` turns that into an answer.
import { type Decode, failure } from './decoder.ts'

class BeyondEnd extends Error {}

export function uint8(bytes: Uint8Array, at: number): number {
  const value = bytes[at]
  if (value === undefined)
    throw new BeyondEnd(`The payload ends at byte ${bytes.length}; byte ${at} is missing.`)
  return value
}

export function int8(bytes: Uint8Array, at: number): number {
  return (uint8(bytes, at) << 24) >> 24
}

export function uint16be(bytes: Uint8Array, at: number): number {
  return (uint8(bytes, at) << 8) | uint8(bytes, at + 1)
}

export function int16be(bytes: Uint8Array, at: number): number {
  return (uint16be(bytes, at) << 16) >> 16
}

export function uint24be(bytes: Uint8Array, at: number): number {
  return (uint16be(bytes, at) << 8) | uint8(bytes, at + 2)
}

export function uint32be(bytes: Uint8Array, at: number): number {
  return uint16be(bytes, at) * 65536 + uint16be(bytes, at + 2)
}

export function int32be(bytes: Uint8Array, at: number): number {
  return uint32be(bytes, at) | 0
}

export function uint16le(bytes: Uint8Array, at: number): number {
  return uint8(bytes, at) | (uint8(bytes, at + 1) << 8)
}

export function int16le(bytes: Uint8Array, at: number): number {
  return (uint16le(bytes, at) << 16) >> 16
}

export function uint24le(bytes: Uint8Array, at: number): number {
  return uint16le(bytes, at) | (uint8(bytes, at + 2) << 16)
}

export function uint32le(bytes: Uint8Array, at: number): number {
  return uint16le(bytes, at) + uint16le(bytes, at + 2) * 65536
}

export function int32le(bytes: Uint8Array, at: number): number {
  return uint32le(bytes, at) | 0
}

/** A Unix time in whole seconds, as milliseconds. */
export function unixTimeMs(bytes: Uint8Array, at: number): number {
  return uint32be(bytes, at) * 1000
}

/** The same decoder, whose overrun of the payload is an `error` and not an exception. */
export function guarded(decode: Decode): Decode {
  return (bytes, fPort, options) => {
    if (bytes.length === 0) return failure('The payload is empty.')
    try {
      return decode(bytes, fPort, options)
    } catch (error) {
      if (error instanceof BeyondEnd) return failure(error.message)
      throw error
    }
  }
}

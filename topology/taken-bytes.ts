// What has been taken, as bytes again. Only after a failure: for another try, or for the letter that tells of it.
import type { Codecs } from '../schemas/codec.ts'
import { type Carrier, inOwnSchema } from './carrier.ts'
import type { InputRecord } from './records.ts'
import { type Taken, WHOLE } from './taken-log.ts'

const NOTHING = Buffer.alloc(0)

export function bytesOf({ source, from, to }: Taken, codecs: Codecs): Buffer {
  const value = source.value ?? NOTHING
  return from === WHOLE ? value : inOwnSchema(source.topic as Carrier, value, codecs).subarray(from, to)
}

/** Of a batch only the one: what is sent back by hand is a batch of one. */
export function letterOf(taken: Taken, codecs: Codecs): InputRecord {
  const { source, key, from } = taken
  if (from === WHOLE || key === null) return source
  const { topic, partition, offset, writtenMs } = source
  const one = codecs.of(topic as Carrier).encode({ items: [{ key, value: bytesOf(taken, codecs) }] })
  const headers = () => source.headers()
  return { topic, partition, offset, writtenMs, headers, key: Buffer.from(key), value: one }
}

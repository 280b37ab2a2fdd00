// How a record lies in the spool: its length and checksum, then topic, key and value. What a crash has cut off or a disk has
// changed is seen by the checksum; nothing behind it in the file can be trusted, for the next length may be wrong, too.
//
//   bodyLength u32 · crc32(body) u32 · body: topicLength u16 · topic · keyLength u16 · key · value
import { crc32 } from 'node:zlib'
import type { LogRecord } from '../acknowledged-log.ts'

const headerBytes = 8
const lengthBytes = 2
/** Above any record that Kafka takes: a length beyond it is damage, not a record. */
const bodyBytesMax = 16 * 1024 * 1024

export function frameOf({ topic, key, value }: LogRecord): Buffer {
  const [topicBytes, keyBytes] = [Buffer.from(topic), Buffer.from(key)]
  const bodyBytes = 2 * lengthBytes + topicBytes.length + keyBytes.length + value.length
  const frame = Buffer.allocUnsafe(headerBytes + bodyBytes)
  let at = headerBytes
  for (const part of [topicBytes, keyBytes]) {
    at = frame.writeUInt16BE(part.length, at)
    at += part.copy(frame, at)
  }
  value.copy(frame, at)
  frame.writeUInt32BE(bodyBytes, 0)
  frame.writeUInt32BE(crc32(frame.subarray(headerBytes)), 4)
  return frame
}

export type Frames = {
  records: LogRecord[]
  /** Bytes at the end that are no whole record. */
  damagedBytes: number
}

/** The records share the memory of `bytes`. */
export function framesIn(bytes: Buffer): Frames {
  const records: LogRecord[] = []
  let at = 0
  while (at + headerBytes <= bytes.length) {
    const bodyBytes = bytes.readUInt32BE(at)
    const end = at + headerBytes + bodyBytes
    if (bodyBytes < 2 * lengthBytes || bodyBytes > bodyBytesMax || end > bytes.length) break
    const body = bytes.subarray(at + headerBytes, end)
    if (crc32(body) !== bytes.readUInt32BE(at + 4)) break
    records.push(recordIn(body))
    at = end
  }
  return { records, damagedBytes: bytes.length - at }
}

function recordIn(body: Buffer): LogRecord {
  const topicEnd = lengthBytes + body.readUInt16BE(0)
  const keyStart = topicEnd + lengthBytes
  const keyEnd = keyStart + body.readUInt16BE(topicEnd)
  return {
    topic: body.toString('utf8', lengthBytes, topicEnd),
    key: body.toString('utf8', keyStart, keyEnd),
    value: body.subarray(keyEnd),
  }
}

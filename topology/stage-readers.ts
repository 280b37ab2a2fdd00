// How a stage reads its topics: only the fields that its processor names.
import type { Codecs, Reader } from '../schemas/codec.ts'
import type { TopicName } from '../schemas/topics.ts'
import type { Stage } from './define.ts'

export function readersFor({ processor }: Stage, codecs: Codecs): Map<TopicName, Reader<unknown>> {
  const topics = [...processor.tables, ...processor.streams]
  return new Map(
    topics.map((topic) => {
      const { reader, decode } = codecs.of(topic)
      const fields = processor.reads?.[topic]
      return [topic, fields ? reader(fields as never) : (bytes, from, to) => decode(bytes.subarray(from, to))]
    }),
  )
}

// The values of a topic's records, for tools that read the log.
import type { Message } from 'node-rdkafka'
import { type Codecs, UnlearnedSchema } from '../schemas/codec.ts'
import type { TopicValues } from '../schemas/generated/types.ts'
import type { TopicName } from '../schemas/topics.ts'

/** Null for a record that nobody can read: the stage that reads the topic has sent it to dead-letters. */
export async function valueIn<N extends TopicName>(
  codecs: Codecs,
  topic: N,
  { value }: Message,
): Promise<TopicValues[N] | null> {
  if (value === null) return null
  try {
    return await decoded(codecs, topic, value)
  } catch {
    return null
  }
}

async function decoded<N extends TopicName>(
  codecs: Codecs,
  topic: N,
  value: Buffer,
): Promise<TopicValues[N]> {
  try {
    return codecs.of(topic).decode(value)
  } catch (error) {
    if (!(error instanceof UnlearnedSchema)) throw error
    await codecs.learn(topic, error.schemaId)
    return codecs.of(topic).decode(value)
  }
}

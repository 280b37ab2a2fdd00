// What goes into a task and what comes out of it, as bytes: the same for Kafka, the test driver and `dry-run`.
import { PipelineError } from '../schemas/failure.ts'
import type { DeadLetter } from '../schemas/generated/types.ts'
import type { TopicName } from '../schemas/topics.ts'

export type InputRecord = {
  topic: TopicName
  partition: number
  offset: number
  key: Buffer | null
  value: Buffer | null
  /** Of key and value, for the bounds of what waits; records that never wait on Kafka have none. */
  bytes?: number
  /** When it was written to its topic, UTC ms, as its writer said. */
  writtenMs: number
  /** Read only where the record becomes a dead letter. */
  headers: () => Record<string, string>
}

export type OutputRecord = {
  topic: TopicName
  key: string
  value: Buffer
  /** null: by the key, as the Java client does. */
  partition: number | null
  /** When the record was written that it came from, UTC ms, or one before it in the partition; Infinity: a timer. */
  causeMs: number
}

export function deadLetter(record: InputRecord, error: PipelineError, failedAt: number): DeadLetter {
  const { topic: source, partition, offset, key, value } = record
  return {
    code: error.code,
    explanation: error.message,
    source,
    partition,
    offset,
    failedAt,
    key,
    value,
    headers: record.headers(),
  }
}

/** Anything that has no code of its own is a defect of the stage that threw it. */
export function asFailure(error: unknown, stage: string): PipelineError {
  if (error instanceof PipelineError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new PipelineError('PROCESSOR_THREW', { processor: stage, reason }, error)
}

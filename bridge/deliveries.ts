// Records on their way to Kafka: each ends by its report, by time, or by the end of the producer that had it.
import { PipelineError } from '../schemas/failure.ts'

export type Warn = (details: object, message: string) => void

export type Deliveries = {
  /** Calls `hand` with the record's number; the promise ends as the record does, and in time. */
  start(hand: (id: number) => void): Promise<void>
  report(id: number, error: unknown): void
  /** The producer is gone, its reports will not come. */
  abandon(reason: string): void
  unavailable(reason: string): PipelineError
  /** Records that the producer holds, also those whose sender has been answered. */
  held(): number
}

type ClientError = Error & { code?: number }

/** Below what a broker takes by default (1,048,588 with its framing). */
export const recordBytesMax = 1_000_000
export const codeMessageTooLarge = 10

type Waiting = { resolve: () => void; reject: (error: Error) => void; timer: NodeJS.Timeout }

export function trackDeliveries(answerWithinMs: number, warn: Warn): Deliveries {
  const waiting = new Map<number, Waiting>()
  const held = new Set<number>()
  let nextId = 0
  // Told once an outage, not once a message: a log of 2,000 lines a second helps nobody.
  let isAway = false

  function unavailable(reason: string): PipelineError {
    if (!isAway) warn({ reason }, 'Kafka does not acknowledge: senders are told to come back')
    isAway = true
    return new PipelineError('KAFKA_UNAVAILABLE', { reason })
  }

  /** The topic may take less than the producer does; no repetition would help. */
  const failureOf = ({ code, message }: ClientError): PipelineError =>
    code === codeMessageTooLarge
      ? new PipelineError('BODY_TOO_LARGE', { bytesMax: recordBytesMax })
      : unavailable(message)

  function report(id: number, error: unknown): void {
    held.delete(id)
    if (!error && isAway) warn({}, 'Kafka acknowledges again')
    if (!error) isAway = false
    const sender = waiting.get(id)
    waiting.delete(id)
    clearTimeout(sender?.timer)
    if (error) sender?.reject(error instanceof PipelineError ? error : failureOf(error as ClientError))
    else sender?.resolve()
  }

  const start: Deliveries['start'] = (hand) => {
    const id = nextId++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(id)
        reject(unavailable(`no acknowledgement within ${answerWithinMs} ms`))
      }, answerWithinMs)
      waiting.set(id, { resolve, reject, timer })
      held.add(id)
      hand(id)
    })
  }

  return {
    start,
    report,
    unavailable,
    abandon(reason) {
      for (const id of held) report(id, new Error(reason))
    },
    held: () => held.size,
  }
}

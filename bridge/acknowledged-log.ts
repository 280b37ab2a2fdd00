// The bridge's hold on Kafka: a promise a record, kept only when all in-sync replicas have it. What is not acknowledged
// in time is refused, though it may still arrive: the sender repeats it, and identity makes two of them one.
import { PipelineError } from '../schemas/failure.ts'

export type LogRecord = { topic: string; key: string; value: Buffer }

export type AcknowledgedLog = {
  /** Throws BRIDGE_OVERLOADED at once, KAFKA_UNAVAILABLE in time, BODY_TOO_LARGE where no retry would help. */
  append(record: LogRecord): Promise<void>
  /** Whether Kafka answers just now. */
  isReady(): Promise<boolean>
  inFlight(): number
  close(): Promise<void>
}

/** What is used of a node-rdkafka producer with delivery reports. */
export type RawProducer = {
  produce(
    topic: string,
    partition: null,
    value: Buffer,
    key: string,
    timestamp: null,
    opaque: number,
  ): unknown
  on(event: 'delivery-report', listener: (error: unknown, report: { opaque?: unknown }) => void): unknown
  on(event: 'event.error', listener: (error: Error & { code?: number; isFatal?: boolean }) => void): unknown
  getMetadata(options: { topic: string; timeout: number }, done: (error: unknown) => void): unknown
  disconnect(timeoutMs: number, done: () => void): unknown
}

export type LogOptions = {
  /** A producer that has reached Kafka; rejects where it has not. Called again until it does. */
  connect: () => Promise<RawProducer>
  /** Asked for by `isReady`. */
  probeTopic: string
  inFlightMax: number
  /** The sender gives up after 5 s: an answer must come well before. */
  answerWithinMs: number
  warn: (details: object, message: string) => void
}

type Waiting = { resolve: () => void; reject: (error: Error) => void; timer: NodeJS.Timeout }

const reconnectPauseMs = 500
const probeTimeoutMs = 1_500
/** Below what a broker takes by default (1,048,588 with its framing). */
export const recordBytesMax = 1_000_000
const codeMessageTooLarge = 10
const codeFatal = -150

export function openAcknowledgedLog(options: LogOptions): AcknowledgedLog {
  const { connect, probeTopic, inFlightMax, answerWithinMs, warn } = options
  const waiting = new Map<number, Waiting>()
  let nextId = 0
  // Records that librdkafka holds: the bound counts them until their report, also where the answer has gone out.
  const held = new Set<number>()
  let producer: RawProducer | null = null
  let isClosed = false
  let connecting = connectUntilItWorks()

  async function connectUntilItWorks(): Promise<void> {
    while (!isClosed && producer === null) {
      try {
        producer = attach(await connect())
      } catch (error) {
        warn({ reason: (error as Error).message }, 'Kafka cannot be reached; trying again')
        await new Promise((wake) => setTimeout(wake, reconnectPauseMs))
      }
    }
  }

  function attach(fresh: RawProducer): RawProducer {
    fresh.on('delivery-report', (error, { opaque }) => settle(opaque as number, error))
    fresh.on('event.error', (error) => {
      if (error.isFatal || error.code === codeFatal) replace(fresh, error)
      else warn({ reason: error.message }, 'Kafka client')
    })
    return fresh
  }

  /** An idempotent producer that lost its place in the sequence never works again: another takes over. */
  function replace(broken: RawProducer, error: Error): void {
    if (producer !== broken) return
    warn({ reason: error.message }, 'the Kafka producer is beyond repair; making another')
    producer = null
    broken.disconnect(0, () => {})
    // Its reports may never come; nothing of it may count for ever.
    for (const id of [...waiting.keys()]) settle(id, error)
    held.clear()
    connecting = connectUntilItWorks()
  }

  function settle(id: number, error: unknown): void {
    held.delete(id)
    const request = waiting.get(id)
    if (request === undefined) return
    waiting.delete(id)
    clearTimeout(request.timer)
    if (error) request.reject(unavailable((error as Error).message))
    else request.resolve()
  }

  function send(active: RawProducer, { topic, key, value }: LogRecord): Promise<void> {
    const id = nextId++
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(id)
        reject(unavailable(`no acknowledgement within ${answerWithinMs} ms`))
      }, answerWithinMs)
      waiting.set(id, { resolve, reject, timer })
      held.add(id)
      try {
        active.produce(topic, null, value, key, null, id)
      } catch (error) {
        const { code, message } = error as Error & { code?: number }
        if (code === codeFatal) replace(active, error as Error)
        else settle(id, error)
        if (code === codeMessageTooLarge)
          reject(new PipelineError('BODY_TOO_LARGE', { bytesMax: recordBytesMax }))
        else reject(unavailable(message))
      }
    })
  }

  return {
    async append(record) {
      if (held.size >= inFlightMax) throw new PipelineError('BRIDGE_OVERLOADED', { inFlightMax })
      if (producer === null) throw unavailable('there is no connection yet')
      await send(producer, record)
    },
    isReady: () =>
      new Promise((resolve) => {
        if (producer === null) return resolve(false)
        producer.getMetadata({ topic: probeTopic, timeout: probeTimeoutMs }, (error) => resolve(!error))
      }),
    inFlight: () => held.size,
    async close() {
      isClosed = true
      await connecting
      const last = producer
      producer = null
      if (last !== null) await new Promise<void>((done) => last.disconnect(answerWithinMs, done))
    },
  }
}

const unavailable = (reason: string) => new PipelineError('KAFKA_UNAVAILABLE', { reason })

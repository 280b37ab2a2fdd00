// The bridge's hold on Kafka: a promise a record, kept only when all in-sync replicas have it. What is not acknowledged
// in time is refused, though it may still arrive: the sender repeats it, and identity makes two of them one.
import { PipelineError } from '../schemas/failure.ts'
import { codeMessageTooLarge, recordBytesMax, trackDeliveries, type Warn } from './deliveries.ts'

export type LogRecord = { topic: string; key: string; value: Buffer }

export type AcknowledgedLog = {
  /** Throws BRIDGE_OVERLOADED at once, KAFKA_UNAVAILABLE in time, BODY_TOO_LARGE where no retry would help. */
  append(record: LogRecord): Promise<void>
  /** Whether Kafka answers just now. */
  isReady(): Promise<boolean>
  inFlight(): number
  /** Once there is a connection; waits for it as long as it takes. */
  connected(): Promise<void>
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
  on(event: 'event.error', listener: (error: ClientError) => void): unknown
  getMetadata(options: { topic: string; timeout: number }, done: (error: unknown) => void): unknown
  disconnect(timeoutMs: number, done: () => void): unknown
}

type ClientError = Error & { code?: number; isFatal?: boolean }

export type LogOptions = {
  /** A producer that has reached Kafka; rejects where it has not. Called again until it does. */
  connect: () => Promise<RawProducer>
  /** Asked for by `isReady`. */
  probeTopic: string
  inFlightMax: number
  /** The sender gives up after 5 s: an answer must come well before. */
  answerWithinMs: number
  warn: Warn
}

const reconnectPauseMs = 500
const probeTimeoutMs = 1_500
const codeFatal = -150

export function openAcknowledgedLog(options: LogOptions): AcknowledgedLog {
  const { connect, probeTopic, inFlightMax, answerWithinMs, warn } = options
  const deliveries = trackDeliveries(answerWithinMs, warn)
  let producer: RawProducer | null = null
  let isClosed = false
  let connecting = connectUntilItWorks()

  async function connectUntilItWorks(): Promise<void> {
    while (!isClosed && producer === null) {
      try {
        producer = attach(await connect())
      } catch (error) {
        deliveries.unavailable((error as Error).message)
        await new Promise((wake) => setTimeout(wake, reconnectPauseMs))
      }
    }
  }

  function attach(fresh: RawProducer): RawProducer {
    fresh.on('delivery-report', (error, { opaque }) => deliveries.report(opaque as number, error))
    fresh.on('event.error', (error) => {
      if (isBeyondRepair(error)) replace(fresh, error)
    })
    return fresh
  }

  /** An idempotent producer that lost its place in the sequence never works again: another takes over. */
  function replace(broken: RawProducer, error: Error): void {
    if (producer !== broken) return
    warn({ reason: error.message }, 'the Kafka producer is beyond repair; making another')
    producer = null
    broken.disconnect(0, () => {})
    deliveries.abandon(error.message)
    connecting = connectUntilItWorks()
  }

  function hand(active: RawProducer, { topic, key, value }: LogRecord, id: number): void {
    try {
      active.produce(topic, null, value, key, null, id)
    } catch (error) {
      const isTooLarge = (error as ClientError).code === codeMessageTooLarge
      deliveries.report(
        id,
        isTooLarge ? new PipelineError('BODY_TOO_LARGE', { bytesMax: recordBytesMax }) : error,
      )
      if (isBeyondRepair(error as ClientError)) replace(active, error as Error)
    }
  }

  return {
    async append(record) {
      const active = producer
      if (deliveries.held() >= inFlightMax)
        throw new PipelineError('BRIDGE_OVERLOADED', { reason: `${inFlightMax} messages wait for Kafka` })
      if (active === null) throw deliveries.unavailable('there is no connection yet')
      await deliveries.start((id) => hand(active, record, id))
    },
    isReady: () =>
      new Promise((resolve) => {
        if (producer === null) return resolve(false)
        producer.getMetadata({ topic: probeTopic, timeout: probeTimeoutMs }, (error) => resolve(!error))
      }),
    inFlight: () => deliveries.held(),
    connected: () => connecting,
    async close() {
      isClosed = true
      await connecting
      const last = producer
      producer = null
      if (last !== null) await new Promise<void>((done) => last.disconnect(answerWithinMs, done))
    },
  }
}

const isBeyondRepair = ({ code, isFatal }: ClientError): boolean => isFatal === true || code === codeFatal

// One message into Kafka, whichever way it came: webhook, MQTT or backfill. Nothing is reported as taken before Kafka (or,
// where it is configured, the spool on disk) has it.
import { PipelineError } from '../schemas/failure.ts'
import type { DeadLetter, Uplink } from '../schemas/generated/types.ts'
import type { LogRecord } from './acknowledged-log.ts'
import { FloodPace } from './flood-pace.ts'
import { parseJsonBody } from './json-body.ts'
import type { Outcome } from './metrics.ts'
import { parseThingsStack, type Understood } from './things-stack.ts'
import { unwrap } from './unwrap.ts'

export type IntakeParts = {
  append(record: LogRecord): Promise<void>
  uplinks: { topic: string; encode(value: Uplink): Buffer }
  deadLetters: { topic: string; encode(value: DeadLetter): Buffer }
  clockMs: () => number
}

/** `pace`: what its uplinks wait for. */
export type Delivery = { connectionId: string; bytes: Buffer; contentType: string; pace?: FloodPace }

export type Taken = { outcome: Outcome; answer: { accepted: string; devEui: string; note?: string } }

export type Intake = {
  /**
   * Resolves with what became of each message of the body, once all are kept. Throws what `parseJsonBody` and `append` do,
   * and DEVICE_NOT_NAMED where one belongs to nobody: then none of them was written.
   */
  take(delivery: Delivery): Promise<Taken[]>
}

/** For a source that can wait, and may deliver hours at once. */
export function paced(intake: Intake): Intake {
  const pace = new FloodPace()
  return { take: (delivery) => intake.take({ ...delivery, pace }) }
}

type Attributed = Exclude<Understood, { kind: 'unattributed' }>

const parseInner = (bytes: Buffer): unknown => parseJsonBody(bytes).value

export function openIntake(parts: IntakeParts): Intake {
  const { append, clockMs } = parts
  return {
    async take(delivery) {
      const { text, value } = parseJsonBody(delivery.bytes)
      const receivedAtMs = clockMs()
      const messages = unwrap(value, parseInner)
      const isWrapped = messages.length !== 1 || messages[0] !== value
      const entries = messages.map((message) => {
        const bodyText = isWrapped ? JSON.stringify(message) : text
        return { bodyText, understood: attributed(message, delivery.connectionId, receivedAtMs, bodyText) }
      })
      if (entries.length === 0) throw new PipelineError('DEVICE_NOT_NAMED', { reason: 'it holds no message' })
      const records = entries.map(({ understood, bodyText }) =>
        recordOf(
          parts,
          understood,
          isWrapped ? { ...delivery, bytes: Buffer.from(bodyText) } : delivery,
          receivedAtMs,
        ),
      )
      if (delivery.pace !== undefined)
        for (const { understood } of entries)
          if (understood.kind === 'uplink') await delivery.pace.turn(understood.uplink.recordedAt)
      await Promise.all(records.map((record) => append(record)))
      return entries.map(({ understood }) => takenOf(understood))
    },
  }
}

function attributed(
  message: unknown,
  connectionId: string,
  receivedAtMs: number,
  bodyText: string,
): Attributed {
  const understood = parseThingsStack(message, { connectionId, receivedAtMs, bodyText })
  if (understood.kind === 'unattributed')
    throw new PipelineError('DEVICE_NOT_NAMED', { reason: understood.reason })
  return understood
}

const failureOf = ({ devEui, reason }: Extract<Attributed, { kind: 'not-understood' }>) =>
  new PipelineError('UPLINK_NOT_UNDERSTOOD', { devEui, reason })

function recordOf(
  { uplinks, deadLetters }: IntakeParts,
  understood: Attributed,
  delivery: Delivery,
  receivedAtMs: number,
): LogRecord {
  if (understood.kind === 'uplink') {
    const { uplink } = understood
    return { topic: uplinks.topic, key: uplink.devEui, value: uplinks.encode(uplink) }
  }
  const { code, message: explanation } = failureOf(understood)
  const letter: DeadLetter = {
    code,
    explanation,
    source: `bridge:${delivery.connectionId}`,
    partition: null,
    offset: null,
    failedAt: receivedAtMs,
    key: Buffer.from(understood.devEui),
    value: delivery.bytes,
    // No others: any of them may carry a secret (X-Api-Key, Authorization, X-Downlink-Apikey).
    headers: { 'content-type': delivery.contentType },
  }
  return { topic: deadLetters.topic, key: understood.devEui, value: deadLetters.encode(letter) }
}

function takenOf(understood: Attributed): Taken {
  if (understood.kind === 'uplink') {
    const { type, devEui } = understood.uplink
    return { outcome: type, answer: { accepted: type, devEui } }
  }
  const { devEui } = understood
  return {
    outcome: 'dead-letter',
    answer: { accepted: 'dead-letter', devEui, note: failureOf(understood).message },
  }
}

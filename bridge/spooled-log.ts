// Kafka where it is there, the spool on disk where it is not. As long as the spool holds anything, new records go behind it,
// so that a device's uplinks reach Kafka in the order in which they came.
//
//   direct ──Kafka does not acknowledge──▶ spooling ──the rest is handed to Kafka in one go──▶ direct
import { setTimeout as sleep } from 'node:timers/promises'
import { PipelineError } from '../schemas/failure.ts'
import type { AcknowledgedLog, LogRecord } from './acknowledged-log.ts'
import { recordBytesMax, type Warn } from './deliveries.ts'
import type { OldestFile, Spool } from './spool/spool.ts'

export type SpooledLog = Pick<AcknowledgedLog, 'append' | 'isReady'> & {
  /** Ends the drain; what the spool holds stays there for the next start. */
  close(): Promise<void>
}

/** At once to Kafka: enough to be fast, few enough that live records find room beside them. */
const windowRecords = 500
const pauseMs = 500
const turnMs = 20
/** With so little left, new records wait for the few milliseconds in which it is handed over. */
const handoverBytes = 256 * 1024
/** What Kafka adds to a record. */
const framingBytes = 1_000

type Parts = {
  log: AcknowledgedLog
  spool: Spool
  warn: Warn
  /** Whether a record of the spool may be sent now; asked again in a moment where not. */
  mayGo: (record: LogRecord) => boolean
}

export function spooledLog({ log, spool, warn, mayGo }: Parts): SpooledLog {
  const ending = new AbortController()
  const sending = { log, mayGo, signal: ending.signal }
  let isDirect = spool.isEmpty()
  let handover: Promise<void> | null = null
  let draining: Promise<void> | null = null

  async function append(record: LogRecord): Promise<void> {
    if (handover !== null) await handover
    if (isDirect) {
      try {
        return await log.append(record)
      } catch (error) {
        if (!isOutage(error)) throw error
      }
    }
    // The spool would take it, and Kafka never.
    if (record.value.length > recordBytesMax - framingBytes)
      throw new PipelineError('BODY_TOO_LARGE', { bytesMax: recordBytesMax })
    isDirect = false
    await spool.append(record)
    startDraining()
  }

  function startDraining(): void {
    if (draining !== null || ending.signal.aborted) return
    warn({ bytes: spool.bytes() }, 'Kafka is away: messages are kept in the spool')
    draining = drain().finally(() => {
      draining = null
      if (!isDirect && !spool.isEmpty()) startDraining()
    })
  }

  async function drain(): Promise<void> {
    while (!ending.signal.aborted && !isDirect) {
      try {
        await drainFile()
      } catch (error) {
        warn({ reason: (error as Error).message }, 'the spool cannot be read just now')
        await pause()
      }
    }
  }

  async function drainFile(): Promise<void> {
    const isLast = spool.bytes() <= handoverBytes
    const { promise, resolve: release } = Promise.withResolvers<void>()
    if (isLast) handover = promise
    try {
      const oldest = await spool.oldest()
      if (isLast && spool.bytes() <= (oldest?.bytes ?? 0) && (oldest?.records ?? []).every(mayGo)) {
        // Everything that is left is handed to the producer now, and what comes next is handed to it later.
        const sent = oldest === null ? Promise.resolve() : sendFile(oldest, oldest.records.length, sending)
        isDirect = true
        endHandover(release)
        await sent
        if (!ending.signal.aborted) warn({}, 'the spool is empty: Kafka has all of it')
      } else if (oldest !== null) {
        endHandover(release)
        await sendFile(oldest, windowRecords, sending)
      }
    } finally {
      endHandover(release)
    }
  }

  function endHandover(release: () => void): void {
    handover = null
    release()
  }

  const pause = () => wait(pauseMs, ending.signal)

  if (!isDirect) startDraining()
  return {
    append,
    isReady: async () => !spool.isFull() || (await log.isReady()),
    async close() {
      ending.abort()
      await draining
      await spool.close()
    },
  }
}

type Sending = Pick<Parts, 'log' | 'mayGo'> & { signal: AbortSignal }

/** Sends a file's records in their order, and drops it; what is left of it at the end stays there. */
async function sendFile(
  file: OldestFile,
  firstWindow: number,
  { log, mayGo, signal }: Sending,
): Promise<void> {
  const { records, drop } = file
  let refused = 0
  let most = firstWindow
  for (let at = 0; at < records.length; ) {
    const window = records.slice(at, at + most)
    const batch = window.slice(0, countWhile(window, mayGo))
    const outcomes = await Promise.allSettled(batch.map(log.append))
    if (signal.aborted) return
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []))
    const isAway = failures.some(isOutage)
    // A batch that was not acknowledged whole is sent whole again; while Kafka is away, one record asks for it.
    most = isAway ? 1 : windowRecords
    if (isAway) await wait(pauseMs, signal)
    else if (batch.length === 0) await wait(turnMs, signal)
    else {
      at += batch.length
      refused += failures.length
    }
  }
  await drop(refused === 0)
}

function countWhile<T>(all: readonly T[], isSo: (one: T) => boolean): number {
  const end = all.findIndex((one) => !isSo(one))
  return end < 0 ? all.length : end
}

/** Cut short by the end. */
const wait = (ms: number, signal: AbortSignal) => sleep(ms, undefined, { signal }).catch(() => {})

/** Anything else would fail for ever. */
const isOutage = (error: unknown): boolean =>
  error instanceof PipelineError && (error.code === 'KAFKA_UNAVAILABLE' || error.code === 'BRIDGE_OVERLOADED')

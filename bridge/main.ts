// The bridge as a process: configuration, registry and Kafka put together.
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import type { Config } from '../infra/config.ts'
import { producerSettings } from '../infra/kafka.ts'
import { listenFailure } from '../infra/listen.ts'
import { registryAt } from '../infra/registry.ts'
import { type Codec, openCodecs } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'
import type { Uplink } from '../schemas/generated/types.ts'
import { topicName } from '../schemas/topics.ts'
import { type AcknowledgedLog, type LogRecord, openAcknowledgedLog } from './acknowledged-log.ts'
import { type Backfilled, backfill, type Span } from './backfill.ts'
import { openConnections } from './connections.ts'
import type { Warn } from './deliveries.ts'
import { FloodPace } from './flood-pace.ts'
import { openIntake, type Taken } from './intake.ts'
import { connectProducer } from './kafka-producer.ts'
import { type BridgeMetrics, bridgeMetrics } from './metrics.ts'
import { type MqttSource, openMqttSource } from './mqtt-source.ts'
import { watchPressure } from './pressure.ts'
import { rates } from './rate.ts'
import { bridgeServer } from './server.ts'
import { openSpool } from './spool/spool.ts'
import { type SpooledLog, spooledLog } from './spooled-log.ts'
import { serverOf } from './things-stack-api.ts'

export type BridgeConfig = Pick<
  Config,
  | 'KAFKA_BROKERS'
  | 'SCHEMA_REGISTRY_URL'
  | 'TOPIC_PREFIX'
  | 'LOG_LEVEL'
  | Extract<keyof Config, `BRIDGE_${string}`>
>

export type RunningBridge = { port: number; close(): Promise<void> }

/** The Things Stack gives a webhook up after 5 s: half of it is left for the way and for a busy machine. */
const answerWithinMs = 2_500
/** Two seconds of the busiest hour that was measured; the rest is told to come back. */
const inFlightMax = 4_000

/** Resolves once it listens. Kafka may be away then and later: it answers 503, or spools, until Kafka is there. */
export async function runBridge(config: BridgeConfig): Promise<RunningBridge> {
  const logger = pino({ name: 'bridge', level: config.LOG_LEVEL })
  const warn: Warn = (details, message) => logger.warn(details, message)
  // Ended in this order: first what takes messages in, then what they are kept in. An answer that is due is still given.
  const closings: Closing[] = []
  const closeAll = async () => {
    for (const close of closings) await close()
  }
  try {
    const connections = openConnections(config.BRIDGE_CONNECTIONS, config.BRIDGE_CONNECTIONS_FILE, warn)
    closings.unshift(connections.stop)
    const { intake, kept, measured } = await openKept(config, warn, closings)
    const sources = new Map<string, MqttSource>()
    const mqttConnected = () => new Map([...sources].map(([name, source]) => [name, source.isConnected()]))
    const metrics = bridgeMetrics({ ...measured, mqttConnected })
    for (const [connectionId, url] of config.BRIDGE_MQTT) {
      const source = openMqttSource({ connectionId, url, intake, warn, ...countedBy(metrics, connectionId) })
      sources.set(connectionId, source)
      closings.unshift(source.close)
    }
    const nowMs = () => performance.now()
    const pressure = watchPressure(nowMs)
    closings.unshift(pressure.stop)
    const app = bridgeServer({
      keys: connections.keys,
      intake,
      isReady: kept.isReady,
      rates: rates(config.BRIDGE_RATE_MAX, nowMs),
      pressure,
      metrics,
      bodyBytesMax: config.BRIDGE_BODY_BYTES_MAX,
      logger,
    })
    closings.unshift(() => app.close())
    await app.listen({ host: config.BRIDGE_HOST, port: config.BRIDGE_PORT }).catch((error) => {
      throw listenFailure(error, config.BRIDGE_PORT, 'BRIDGE_PORT')
    })
    return { port: (app.server.address() as AddressInfo).port, close: closeAll }
  } catch (error) {
    await closeAll()
    throw error
  }
}

export type OpenBackfill = {
  /** Throws CONFIG_INVALID where BRIDGE_STORAGE has no such connection. */
  backfill(connectionId: string, span: Span): Promise<Backfilled>
  close(): Promise<void>
}

/** For a command of its own: to Kafka directly, for the spool belongs to the bridge. */
export async function openBackfill(
  config: BridgeConfig,
  tell: (line: string) => void,
): Promise<OpenBackfill> {
  const closings: Closing[] = []
  const { intake, log } = await openKept(
    { ...config, BRIDGE_SPOOL_DIR: '' },
    (_details, message) => tell(message),
    closings,
  )
  await log.connected()
  return {
    backfill(connectionId, span) {
      const url = config.BRIDGE_STORAGE.get(connectionId)
      if (url !== undefined)
        return backfill({ connectionId, server: serverOf(url), intake, onRefused: tell }, span)
      throw new PipelineError('CONFIG_INVALID', {
        problems: [`BRIDGE_STORAGE has no connection ${connectionId}.`],
      })
    },
    async close() {
      for (const close of closings) await close()
    },
  }
}

const countedBy = (metrics: BridgeMetrics, connectionId: string) => ({
  onTaken: (taken: Taken[], seconds: number) => {
    for (const { outcome } of taken) metrics.answered(connectionId, outcome, seconds)
  },
  onRefused: () => metrics.answered(connectionId, 'refused', 0),
})

type Closing = () => unknown

/** What cannot be read here, such as what another release has spooled, waits for nothing. */
function spoolPace({ topic, reader }: { topic: string; reader: Codec<Uplink>['reader'] }) {
  const pace = new FloodPace()
  const read = reader(['recordedAt'])
  return (record: LogRecord): boolean => {
    if (record.topic !== topic) return true
    try {
      return pace.opens(read(record.value, 0, record.value.length).recordedAt)
    } catch {
      return true
    }
  }
}

/** Where messages go: Kafka, and before it the spool where one is configured. */
async function openKept(config: BridgeConfig, warn: Warn, closings: Closing[]) {
  const { TOPIC_PREFIX: prefix, BRIDGE_SPOOL_DIR: dir, BRIDGE_SPOOL_BYTES_MAX: bytesMax } = config
  const codecs = await openCodecs(registryAt(config.SCHEMA_REGISTRY_URL), prefix)
  const uplinks = { topic: topicName(prefix, 'uplinks'), ...codecs.of('uplinks') }
  const deadLetters = { topic: topicName(prefix, 'dead-letters'), ...codecs.of('dead-letters') }
  const spool = dir === '' ? null : await openSpool({ dir, bytesMax, warn })
  const log = openAcknowledgedLog({
    connect: () =>
      connectProducer({
        settings: producerSettings(config.KAFKA_BROKERS),
        clientId: `${prefix}bridge`,
        giveUpMs: answerWithinMs,
        topics: [uplinks.topic, deadLetters.topic],
      }),
    probeTopic: uplinks.topic,
    inFlightMax,
    answerWithinMs,
    warn,
  })
  closings.unshift(log.close)
  const mayGo = spoolPace(uplinks)
  const kept: AcknowledgedLog | SpooledLog = spool === null ? log : spooledLog({ log, spool, warn, mayGo })
  if (kept !== log) closings.unshift(kept.close)
  return {
    intake: openIntake({ append: kept.append, uplinks, deadLetters, clockMs: Date.now }),
    kept,
    log,
    measured: { inFlight: log.inFlight, spoolBytes: () => spool?.bytes() ?? 0 },
  }
}

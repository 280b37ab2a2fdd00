// The bridge as a process: configuration, registry and Kafka put together.
import type { AddressInfo } from 'node:net'
import type { Config } from '../infra/config.ts'
import { producerSettings } from '../infra/kafka.ts'
import { listenFailure } from '../infra/listen.ts'
import { registryAt } from '../infra/registry.ts'
import { openCodecs } from '../schemas/codec.ts'
import { topicName } from '../schemas/topics.ts'
import { openAcknowledgedLog } from './acknowledged-log.ts'
import { openConnections } from './connections.ts'
import type { Warn } from './deliveries.ts'
import { openIntake } from './intake.ts'
import { connectProducer } from './kafka-producer.ts'
import { bridgeMetrics } from './metrics.ts'
import { watchPressure } from './pressure.ts'
import { rates } from './rate.ts'
import { bridgeServer } from './server.ts'

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

/** Resolves once it listens. Kafka may be away then and later: it answers 503 until Kafka is there. */
export async function runBridge(config: BridgeConfig): Promise<RunningBridge> {
  const warn: Warn = (details, message) => app.log.warn(details, message)
  const connections = openConnections(config.BRIDGE_CONNECTIONS, config.BRIDGE_CONNECTIONS_FILE, warn)
  const prefix = config.TOPIC_PREFIX
  const codecs = await openCodecs(registryAt(config.SCHEMA_REGISTRY_URL), prefix)
  const uplinks = { topic: topicName(prefix, 'uplinks'), ...codecs.of('uplinks') }
  const deadLetters = { topic: topicName(prefix, 'dead-letters'), ...codecs.of('dead-letters') }
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
  const nowMs = () => performance.now()
  const pressure = watchPressure(nowMs)
  const app = bridgeServer({
    keys: connections.keys,
    intake: openIntake({ append: log.append, uplinks, deadLetters, clockMs: Date.now }),
    isReady: log.isReady,
    rates: rates(config.BRIDGE_RATE_MAX, nowMs),
    pressure,
    metrics: bridgeMetrics(() => log.inFlight()),
    bodyBytesMax: config.BRIDGE_BODY_BYTES_MAX,
    logLevel: config.LOG_LEVEL,
  })
  await app.listen({ host: config.BRIDGE_HOST, port: config.BRIDGE_PORT }).catch(async (error) => {
    await app.close()
    await log.close()
    throw listenFailure(error, config.BRIDGE_PORT, 'BRIDGE_PORT')
  })
  return {
    port: (app.server.address() as AddressInfo).port,
    // First no more requests, then what is in flight: an answer that is due can still be given.
    async close() {
      connections.stop()
      pressure.stop()
      await app.close()
      await log.close()
    },
  }
}

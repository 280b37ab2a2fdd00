// The bridge as a process: configuration, registry and Kafka put together.
import type { AddressInfo } from 'node:net'
import type { Config } from '../infra/config.ts'
import { producerSettings } from '../infra/kafka.ts'
import { listenFailure } from '../infra/listen.ts'
import { registryAt } from '../infra/registry.ts'
import { openCodecs } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'
import { topicName } from '../schemas/topics.ts'
import { openAcknowledgedLog } from './acknowledged-log.ts'
import { apiKeys, keysMax } from './api-keys.ts'
import { openIntake } from './intake.ts'
import { connectProducer } from './kafka-producer.ts'
import { bridgeMetrics } from './metrics.ts'
import { bridgeServer } from './server.ts'

export type BridgeConfig = Pick<
  Config,
  | 'KAFKA_BROKERS'
  | 'SCHEMA_REGISTRY_URL'
  | 'TOPIC_PREFIX'
  | 'BRIDGE_HOST'
  | 'BRIDGE_PORT'
  | 'BRIDGE_CONNECTIONS'
  | 'BRIDGE_BODY_BYTES_MAX'
  | 'LOG_LEVEL'
>

export type RunningBridge = { port: number; close(): Promise<void> }

/** The Things Stack gives a webhook up after 5 s: half of it is left for the way and for a busy machine. */
const answerWithinMs = 2_500
/** Two seconds of the busiest hour that was measured; the rest is told to come back. */
const inFlightMax = 4_000

/** Resolves once it listens. Kafka may be away then and later: it answers 503 until Kafka is there. */
export async function runBridge(config: BridgeConfig): Promise<RunningBridge> {
  const problems = connectionProblems(config.BRIDGE_CONNECTIONS)
  if (problems.length > 0) throw new PipelineError('CONFIG_INVALID', { problems })
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
    warn: (details, message) => app.log.warn(details, message),
  })
  const app = bridgeServer({
    keys: apiKeys(config.BRIDGE_CONNECTIONS),
    intake: openIntake({ append: log.append, uplinks, deadLetters, clockMs: Date.now }),
    log,
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
      await app.close()
      await log.close()
    },
  }
}

function connectionProblems(connections: BridgeConfig['BRIDGE_CONNECTIONS']): string[] {
  return [...connections].flatMap(([name, keys]) => {
    if (keys.length > keysMax) return [`BRIDGE_CONNECTIONS gives ${name} more than ${keysMax} keys.`]
    if (keys.some((key) => key.length < 16))
      return [`BRIDGE_CONNECTIONS gives ${name} a key under 16 characters.`]
    return []
  })
}

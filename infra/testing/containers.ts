// The engines of the tests in containers, where a Docker daemon runs: the same images as in docker-compose.yml.
import { GenericContainer, type StartedTestContainer, Wait } from 'testcontainers'
import type { Engines } from '../local/engines.ts'
import { anyPorts } from '../local/ports.ts'
import { requireBackwardCompatibility } from '../local/registry.ts'

export const images = {
  kafka: 'apache/kafka:4.1.1',
  registry: 'apicurio/apicurio-registry:3.0.9',
  postgres: 'timescale/timescaledb:2.20.0-pg17',
}

export async function startContainers(report: (line: string) => void): Promise<Engines> {
  report(`in containers: ${Object.values(images).join(', ')}.`)
  const ports = await anyPorts()
  const [kafka, registry, postgres] = await Promise.all([
    startKafka(ports.kafka),
    startRegistry(),
    startPostgres(),
  ])
  const registryPort = registry.getMappedPort(8080)
  await requireBackwardCompatibility(registryPort)
  return {
    kafkaBrokers: `127.0.0.1:${ports.kafka}`,
    schemaRegistryUrl: `http://127.0.0.1:${registryPort}/apis/ccompat/v7`,
    databaseUrl: `postgres://postgres:coldstream@127.0.0.1:${postgres.getMappedPort(5432)}/coldstream`,
    stop: async () => {
      await Promise.all([kafka, registry, postgres].map((container) => container.stop()))
    },
  }
}

/** A broker tells its clients where to find it, so its port on this machine must be known before it starts. */
function startKafka(port: number): Promise<StartedTestContainer> {
  return new GenericContainer(images.kafka)
    .withExposedPorts({ container: 9092, host: port })
    .withEnvironment({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_LISTENERS: 'HOST://:9092,CONTROLLER://:9093',
      KAFKA_ADVERTISED_LISTENERS: `HOST://127.0.0.1:${port}`,
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'HOST:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_INTER_BROKER_LISTENER_NAME: 'HOST',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .start()
}

function startRegistry(): Promise<StartedTestContainer> {
  return new GenericContainer(images.registry)
    .withExposedPorts(8080)
    .withWaitStrategy(Wait.forHttp('/apis/ccompat/v7/subjects', 8080))
    .start()
}

function startPostgres(): Promise<StartedTestContainer> {
  return (
    new GenericContainer(images.postgres)
      .withExposedPorts(5432)
      .withEnvironment({ POSTGRES_PASSWORD: 'coldstream', POSTGRES_DB: 'coldstream' })
      .withCommand(['postgres', '-c', 'fsync=off', '-c', 'max_connections=200'])
      // Once while it initializes itself, once for good.
      .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2))
      .start()
  )
}

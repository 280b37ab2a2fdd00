// Configuration: the one place that reads the environment. Parsed once at start, every problem reported together,
// and never echoing a value that may be a secret. The README's reference table is generated from `configKeys`.
import { PipelineError } from '../schemas/failure.ts'
import { connections, serverUrls } from './bridge-forms.ts'
import { apiAccessKeys } from './config-api.ts'
import {
  durationBetween,
  durationMs,
  flag,
  type Key,
  key,
  matching,
  oneOf,
  type Process,
  secret,
  url,
  whole,
} from './config-forms.ts'
import { storeKeys } from './config-store.ts'
import { kafkaAddress } from './kafka-address.ts'

const everywhere: readonly Process[] = ['bridge', 'process', 'sink', 'api']
const databaseClients: readonly Process[] = ['sink', 'api', 'housekeeper']
const kafkaClients: readonly Process[] = ['bridge', 'process', 'sink']

const postgresUrl = url('postgres:', 'postgresql:')

export const configKeys = {
  KAFKA_BROKERS: secret(
    key(
      'host:port[,host:port], or sasl_ssl://user:password@host:port[,host:port]',
      undefined,
      kafkaClients,
      'Kafka bootstrap servers; TLS, SASL and certificates are described in docs/running.md. The API goes without, and then has no subscriptions.',
      (text) => (kafkaAddress(text) === undefined ? undefined : text),
    ),
  ),
  SCHEMA_REGISTRY_URL: key(
    'an http(s):// URL',
    undefined,
    kafkaClients,
    'Confluent-API schema registry; of Apicurio the address with /apis/ccompat/v7. The API goes without, and then has no subscriptions.',
    url('http:', 'https:'),
  ),
  DATABASE_URL: secret(
    key(
      'a postgres:// URL',
      undefined,
      ['sink', 'api', 'housekeeper'],
      'Postgres, directly or through PgBouncer in transaction mode.',
      postgresUrl,
    ),
  ),
  DATABASE_DIRECT_URL: secret(
    key(
      'a postgres:// URL',
      '',
      ['sink', 'housekeeper'],
      'Postgres without PgBouncer, for migrations and partitions; not set: DATABASE_URL.',
      (t) => (t === '' ? '' : postgresUrl(t)),
    ),
  ),
  DATABASE_CONNECTIONS_MAX: key(
    '1 to 1000',
    '20',
    databaseClients,
    'Connections of one process to Postgres; as many as PgBouncer has for it.',
    whole(1, 1000),
  ),
  DATABASE_IDLE_TIMEOUT: key(
    'a duration such as 30s',
    '30s',
    databaseClients,
    'After so long a connection that nobody uses is closed.',
    durationMs,
  ),
  DATABASE_CONNECT_TIMEOUT: key(
    'a duration such as 5s',
    '5s',
    databaseClients,
    'Longest wait for a connection.',
    durationMs,
  ),
  DATABASE_STATEMENT_TIMEOUT: key(
    'a duration such as 30s',
    '30s',
    databaseClients,
    'Longest time of one statement; the API allows its readers 10 s at most.',
    durationMs,
  ),
  DATABASE_PREPARED_STATEMENTS: key(
    'true or false',
    'false',
    databaseClients,
    'Names the statements that are sent again and again, so that Postgres keeps their plans; behind PgBouncer only from 1.21 on, with max_prepared_statements.',
    flag,
  ),
  TOPIC_PREFIX: key(
    'letters, digits, dots, dashes',
    'coldstream.',
    everywhere,
    'Starts the name of every topic, group and transactional id.',
    matching(/^[A-Za-z0-9._-]{0,100}$/),
  ),
  TOPIC_PARTITIONS: key(
    '1 to 1024',
    '12',
    kafkaClients,
    'Partitions of each topic that is created; existing topics keep theirs.',
    whole(1, 1024),
  ),
  TOPIC_REPLICATION: key(
    '1 to 10',
    '1',
    kafkaClients,
    'Replicas of each topic that is created.',
    whole(1, 10),
  ),
  GRACE: key(
    'a duration such as 2h',
    '2h',
    ['process'],
    "How far behind its unit's newest a sample still changes the past.",
    durationMs,
  ),
  CLOCK_AHEAD: key(
    'a duration such as 10m',
    '10m',
    ['process'],
    'How far after receivedAt a recordedAt may lie before it is quarantined.',
    durationMs,
  ),
  RETENTION_MONTHS: key(
    '1 to 1200',
    '24',
    ['process', 'sink', 'housekeeper'],
    'Calendar months for which readings are kept; older ones are quarantined, older partitions archived and dropped.',
    whole(1, 1200),
  ),
  EVENTS_RETENTION_DAYS: key(
    '1 to 3650',
    '90',
    ['sink', 'housekeeper'],
    'Days for which the table events is kept; the tables of their own keep what it shows.',
    whole(1, 3650),
  ),
  CLOCK: key(
    'wall or events',
    'wall',
    ['process'],
    'What moves timers once caught up: the wall clock, or (replays) only events.',
    oneOf('wall', 'events'),
  ),
  INSTANCE: key(
    'letters, digits, dots, dashes',
    '',
    ['process', 'sink'],
    'Name of this process in its group: a restart under it takes its partitions back at once. No two may share it; not set: a new one at each start.',
    matching(/^[A-Za-z0-9._-]{0,100}$/),
  ),
  STANDBY: key(
    'true or false',
    'false',
    ['process'],
    'Keeps warm copies of the states that other processes have, at the cost of their memory: what moves here is taken over in a moment.',
    flag,
  ),
  SESSION_TIMEOUT: key(
    '1s to 5m',
    '6s',
    ['process'],
    "How long a process that was killed, or hangs, keeps its partitions. A broker refuses less than its group.min.session.timeout.ms: 6s, 1s on this project's own.",
    durationBetween(1_000, 300_000),
  ),
  COMMIT_INTERVAL: key(
    'a duration such as 100ms',
    '100ms',
    ['process'],
    'Longest time between two transactions while records come.',
    durationMs,
  ),
  COMMIT_RECORDS_MAX: key(
    '1 to 1000000',
    '200000',
    ['process'],
    'Most records of one transaction. While much waits, a transaction is filled up to it for at most 40 intervals.',
    whole(1, 1_000_000),
  ),
  SINK_BATCH_ROWS_MAX: key('1 to 1000000', '10000', ['sink'], 'Most rows of one COPY.', whole(1, 1_000_000)),
  SINK_BATCH_WAIT: key(
    'a duration such as 200ms',
    '200ms',
    ['sink'],
    'Longest time that a row waits for its batch.',
    durationMs,
  ),
  BRIDGE_HOST: key(
    'an address',
    '0.0.0.0',
    ['bridge'],
    'Address that the bridge listens on.',
    matching(/^\S+$/),
  ),
  BRIDGE_PORT: key('0 to 65535', '8080', ['bridge'], 'Port of the bridge; 0: any.', whole(0, 65_535)),
  BRIDGE_CONNECTIONS: secret(
    key(
      'name=key[+key],…; keys of at least 16 characters, or sha256:<hex>',
      '',
      ['bridge'],
      'Webhook connections and their API keys, or the hashes of these (`coldstream connections hash`).',
      connections,
    ),
  ),
  BRIDGE_CONNECTIONS_FILE: key(
    'a path',
    '',
    ['bridge'],
    'More connections, kept by `coldstream connections`; a change of the file is taken up within two seconds.',
    (t) => t,
  ),
  BRIDGE_RATE_MAX: key(
    '1 to 1000000',
    '5000',
    ['bridge'],
    'Most messages a second of one connection; the next ones are answered 429.',
    whole(1, 1_000_000),
  ),
  BRIDGE_SPOOL_DIR: key(
    'a path',
    '',
    ['bridge'],
    'Folder that keeps messages while Kafka is away, so that they are accepted; one bridge each. Not set: 503.',
    (t) => t,
  ),
  BRIDGE_SPOOL_BYTES_MAX: key(
    '1048576 to 1000000000000',
    '1073741824',
    ['bridge'],
    'Most bytes in that folder; beyond them 503.',
    whole(1_048_576, 1_000_000_000_000),
  ),
  BRIDGE_MQTT: secret(
    key(
      'name=mqtts://<application>%40<tenant>:<API key>@host:8883,…',
      '',
      ['bridge'],
      'MQTT servers that the bridge reads from, by connection; options in docs/things-stack.md.',
      serverUrls('mqtt:', 'mqtts:'),
    ),
  ),
  BRIDGE_STORAGE: secret(
    key(
      'name=https://<application>:<API key>@host,…',
      '',
      ['bridge'],
      'Storage Integrations from which gaps are filled, by connection.',
      serverUrls('http:', 'https:'),
    ),
  ),
  BRIDGE_BODY_BYTES_MAX: key(
    '1024 to 10485760',
    '262144',
    ['bridge'],
    'Largest accepted body.',
    whole(1024, 10_485_760),
  ),
  API_HOST: key(
    'an address',
    '0.0.0.0',
    ['api'],
    'Address that the API and the dashboard listen on.',
    matching(/^\S+$/),
  ),
  API_PORT: key('0 to 65535', '3000', ['api'], 'Port of the API; 0: any.', whole(0, 65_535)),
  ...apiAccessKeys,
  REPORT_KEY_FILE: key(
    'a path',
    '',
    ['api'],
    'Ed25519 private key in PEM that signs compliance reports. Not set: they carry digests alone.',
    (t) => t,
  ),
  PROCESS_PORT: key(
    '0 to 65535',
    '0',
    ['process'],
    'Port for /health, /health/ready and /metrics; 0: any.',
    whole(0, 65_535),
  ),
  SINK_PORT: key(
    '0 to 65535',
    '0',
    ['sink'],
    'Port for /health, /health/ready and /metrics; 0: any.',
    whole(0, 65_535),
  ),
  HOUSEKEEPER_PORT: key(
    '0 to 65535',
    '0',
    ['housekeeper'],
    'Port of the housekeeper for /health, /health/ready and /metrics; 0: any.',
    whole(0, 65_535),
  ),
  ADMIN_KEY: secret(
    key(
      'at least 16 characters without blanks',
      '',
      ['api'],
      'Opens /api/admin; not set: it is closed.',
      (text) => (text === '' || /^\S{16,}$/.test(text) ? text : undefined),
    ),
  ),
  ...storeKeys,
  LOG_LEVEL: key(
    'trace, debug, info, warn or error',
    'info',
    [...everywhere, 'housekeeper'],
    'How much is logged.',
    oneOf('trace', 'debug', 'info', 'warn', 'error'),
  ),
} satisfies Record<string, Key<unknown>>

type Keys = typeof configKeys
export type ConfigKey = keyof Keys
export type Config = { [K in ConfigKey]: NonNullable<ReturnType<Keys[K]['parse']>> }

/**
 * Parses `env` for the keys asked for; throws CONFIG_INVALID with every problem, never with a value that may be secret.
 */
export function readConfig<const K extends ConfigKey>(
  names: readonly K[],
  env: NodeJS.ProcessEnv = process.env,
): Pick<Config, K> {
  const problems: string[] = []
  const values = names.map((name) => {
    const { form, fallback, parse } = configKeys[name] as Key<unknown>
    const text = env[name] || fallback
    const value = text === undefined ? undefined : parse(text)
    if (value === undefined)
      problems.push(`${name} ${text === undefined ? 'is not set' : 'is not valid'}: give ${form}.`)
    return [name, value]
  })
  if (problems.length > 0) throw new PipelineError('CONFIG_INVALID', { problems })
  return Object.fromEntries(values) as Pick<Config, K>
}

/** As `readConfig`, where a key that is not set is left out: `''`. */
export function readOptional<const K extends ConfigKey>(
  names: readonly K[],
  env: NodeJS.ProcessEnv = process.env,
): { [N in K]: Config[N] | '' } {
  const given = readConfig(
    names.filter((name) => env[name]),
    env,
  )
  return { ...Object.fromEntries(names.map((name) => [name, ''])), ...given } as { [N in K]: Config[N] | '' }
}

/** What a process reads where it is set, and goes without where it is not. */
export const optionalKeys: { readonly [P in Process]?: readonly ConfigKey[] } = {
  api: ['KAFKA_BROKERS', 'SCHEMA_REGISTRY_URL'],
}

/** The keys that a process reads, in the table's order. */
export const keysOf = (process: Process): ConfigKey[] =>
  (Object.keys(configKeys) as ConfigKey[]).filter((name) => configKeys[name].usedBy.includes(process))

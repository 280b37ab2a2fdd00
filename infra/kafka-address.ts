// How the brokers are reached: KAFKA_BROKERS is a plain list of addresses, or carries what a protected cluster asks for, as a
// database's URL does. What is made of it for each of the two clients.
import { readFileSync } from 'node:fs'
import type { KafkaConfig, SASLOptions } from 'kafkajs'
import type { GlobalConfig } from 'node-rdkafka'

const pattern =
  /^(?:(ssl|sasl_ssl|sasl_plaintext):\/\/(?:([^:@/\s]+):([^:@/\s]+)@)?)?([^\s,:/@?]+:\d+(?:,[^\s,:/@?]+:\d+)*)(?:\?(\S*))?$/

const mechanisms = ['plain', 'scram-sha-256', 'scram-sha-512'] as const
const files = ['ca', 'cert', 'key'] as const

type Mechanism = (typeof mechanisms)[number]
type Files = Partial<Record<(typeof files)[number], string>>

type KafkaAddress = {
  /** host:port[,host:port] */
  brokers: string
  /** null: by a certificate, or nobody is asked who they are. */
  sasl: { mechanism: Mechanism; username: string; password: string } | null
  /** null: not encrypted. Paths of PEM files; without `ca` the system's own authorities count. */
  tls: Files | null
}

/**
 * `host:port,…`; `ssl://host:port,…?ca=FILE&cert=FILE&key=FILE`; `sasl_ssl://user:password@host:port,…?mechanism=…&ca=FILE` or
 * `sasl_plaintext://…`. User and password are percent-encoded; the mechanism is scram-sha-512 unless told. Undefined: none of
 * these.
 */
export function kafkaAddress(text: string): KafkaAddress | undefined {
  const [, protocol = '', username, password, brokers = '', query = ''] = pattern.exec(text) ?? []
  const { mechanism = 'scram-sha-512', ...paths } = Object.fromEntries(new URLSearchParams(query))
  const isTls = protocol.endsWith('ssl')
  const isSasl = protocol.startsWith('sasl')
  const isWhole =
    brokers !== '' &&
    isSasl === (username !== undefined) &&
    (isSasl || !query.includes('mechanism=')) &&
    isMechanism(mechanism) &&
    Object.entries(paths).every(([name, path]) => isTls && isFile(name) && path !== '')
  const [user, secret] = [decoded(username), decoded(password)]
  if (!isWhole || user === undefined || secret === undefined) return undefined
  return {
    brokers,
    sasl: isSasl ? { mechanism, username: user, password: secret } : null,
    tls: isTls ? paths : null,
  }
}

/** Undefined: a stray percent sign. */
function decoded(text = ''): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined
  }
}

const isMechanism = (text: string): text is Mechanism => mechanisms.some((known) => known === text)
const isFile = (name: string): boolean => files.some((known) => known === name)

/** What stands in the configuration has been checked there. */
function checked(text: string): KafkaAddress {
  const address = kafkaAddress(text)
  if (address === undefined) throw new Error('KAFKA_BROKERS is not an address of brokers')
  return address
}

/** The part of librdkafka's settings that says where, and as whom. */
export function rdkafkaAddress(text: string): GlobalConfig {
  const { brokers, sasl, tls } = checked(text)
  return {
    'metadata.broker.list': brokers,
    ...(tls === null && sasl === null
      ? {}
      : { 'security.protocol': protocolOf(sasl !== null, tls !== null) }),
    ...(tls?.ca && { 'ssl.ca.location': tls.ca }),
    ...(tls?.cert && { 'ssl.certificate.location': tls.cert }),
    ...(tls?.key && { 'ssl.key.location': tls.key }),
    ...(sasl && {
      'sasl.mechanism': sasl.mechanism.toUpperCase(),
      'sasl.username': sasl.username,
      'sasl.password': sasl.password,
    }),
  }
}

const protocolOf = (isSasl: boolean, isTls: boolean) =>
  isSasl ? (isTls ? 'sasl_ssl' : 'sasl_plaintext') : 'ssl'

/** The same for kafkajs. */
export function kafkajsAddress(text: string): Pick<KafkaConfig, 'brokers' | 'ssl' | 'sasl'> {
  const { tls, login } = socketAddress(text)
  return {
    brokers: checked(text).brokers.split(','),
    ...(tls && { ssl: Object.keys(tls).length === 0 ? true : tls }),
    ...(login && { sasl: login as SASLOptions }),
  }
}

/** The same for a connection of our own (kafka-wire/broker-connection.ts), to whichever broker. */
export function socketAddress(text: string) {
  const { sasl: login, tls } = checked(text)
  const read = Object.entries(tls ?? {}).map(([name, path]) => [name, readFileSync(path, 'utf8')])
  return { tls: tls && (Object.fromEntries(read) as Files), login }
}

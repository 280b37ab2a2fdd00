import { expect, test } from 'vitest'
import { kafkaAddress, rdkafkaAddress } from './kafka-address.ts'

test('a plain list of brokers asks for nothing', () => {
  expect(kafkaAddress('kafka-1:9092,kafka-2:9092')).toEqual({
    brokers: 'kafka-1:9092,kafka-2:9092',
    sasl: null,
    tls: null,
  })
  expect(rdkafkaAddress('kafka-1:9092')).toEqual({ 'metadata.broker.list': 'kafka-1:9092' })
})

test('user, password, mechanism and authority come out of the address', () => {
  const text = 'sasl_ssl://cold%40stream:p%3Ass@b1:9093,b2:9093?mechanism=plain&ca=/etc/kafka/ca.pem'
  expect(kafkaAddress(text)).toEqual({
    brokers: 'b1:9093,b2:9093',
    sasl: { mechanism: 'plain', username: 'cold@stream', password: 'p:ss' },
    tls: { ca: '/etc/kafka/ca.pem' },
  })
  expect(rdkafkaAddress(text)).toEqual({
    'metadata.broker.list': 'b1:9093,b2:9093',
    'security.protocol': 'sasl_ssl',
    'sasl.mechanism': 'PLAIN',
    'sasl.username': 'cold@stream',
    'sasl.password': 'p:ss',
    'ssl.ca.location': '/etc/kafka/ca.pem',
  })
})

test('SCRAM-SHA-512 is the mechanism where none is named', () => {
  expect(kafkaAddress('sasl_plaintext://user:secret@b1:9092')?.sasl?.mechanism).toBe('scram-sha-512')
})

test('a client may show a certificate instead of a password', () => {
  expect(rdkafkaAddress('ssl://b1:9093?ca=/a.pem&cert=/c.pem&key=/k.pem')).toMatchObject({
    'security.protocol': 'ssl',
    'ssl.certificate.location': '/c.pem',
    'ssl.key.location': '/k.pem',
  })
})

test.each([
  ['no port', 'kafka'],
  ['an unknown protocol', 'https://b1:9092'],
  ['SASL without a user', 'sasl_ssl://b1:9093'],
  ['a user without SASL', 'ssl://user:secret@b1:9093'],
  ['an unknown mechanism', 'sasl_ssl://user:secret@b1:9093?mechanism=gssapi'],
  ['a mechanism without SASL', 'ssl://b1:9093?mechanism=plain'],
  ['an authority without TLS', 'sasl_plaintext://user:secret@b1:9093?ca=/ca.pem'],
  ['a stray percent sign', 'sasl_ssl://user:100%@b1:9093'],
  ['an unknown option', 'ssl://b1:9093?password=x'],
])('%s is not of the form', (_what, text) => {
  expect(kafkaAddress(text)).toBeUndefined()
})

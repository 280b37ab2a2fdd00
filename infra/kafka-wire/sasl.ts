// How a connection says who it is: by a password (PLAIN), or by a proof that it has one (SCRAM, RFC 5802), in which the broker
// proves that it knows it, too.
import { createHash, createHmac, pbkdf2Sync, randomBytes, timingSafeEqual } from 'node:crypto'
import type { BrokerConnection } from './broker-connection.ts'

const HANDSHAKE = { key: 17, version: 1 }
const AUTHENTICATE = { key: 36, version: 0 }
const NONCE_BYTES = 18
/** `n,,` in base64: no binding to the channel. */
const NO_BINDING = 'biws'

export type Login = {
  mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
  username: string
  password: string
}

/** Rejects where the broker does not let us in. */
export async function authenticate(connection: BrokerConnection, login: Login): Promise<void> {
  const name = Buffer.from(login.mechanism.toUpperCase())
  const answer = await connection.ask(HANDSHAKE, Buffer.concat([int16(name.length), name]))
  if (answer.readInt16BE(0) !== 0) throw new Error(`The broker does not know ${name}`)
  if (login.mechanism !== 'plain') await prove(connection, login)
  else await say(connection, `\0${login.username}\0${login.password}`)
}

async function prove(connection: BrokerConnection, { mechanism, username, password }: Login): Promise<void> {
  const hash = mechanism === 'scram-sha-256' ? 'sha256' : 'sha512'
  const hmac = (key: Buffer, text: string): Buffer => createHmac(hash, key).update(text).digest()
  const nonce = randomBytes(NONCE_BYTES).toString('base64')
  const ours = `n=${username.replaceAll('=', '=3D').replaceAll(',', '=2C')},r=${nonce}`
  const theirs = await say(connection, `n,,${ours}`)
  const { r = '', s = '', i = '' } = attributesOf(theirs)
  if (!r.startsWith(nonce) || s === '' || !(Number(i) > 0)) throw new Error('The broker answers no SCRAM')
  const keyBytes = createHash(hash).digest().length
  const salted = pbkdf2Sync(password, Buffer.from(s, 'base64'), Number(i), keyBytes, hash)
  const clientKey = hmac(salted, 'Client Key')
  const last = `c=${NO_BINDING},r=${r}`
  const all = `${ours},${theirs},${last}`
  const signature = hmac(createHash(hash).update(clientKey).digest(), all)
  const proof = clientKey.map((byte, at) => byte ^ (signature[at] as number))
  const { v = '' } = attributesOf(await say(connection, `${last},p=${Buffer.from(proof).toString('base64')}`))
  const expected = hmac(hmac(salted, 'Server Key'), all)
  const found = Buffer.from(v, 'base64')
  if (found.length !== expected.length || !timingSafeEqual(found, expected))
    throw new Error('The broker does not know the password that it asks for')
}

/** Returns what the broker answers. */
async function say(connection: BrokerConnection, text: string): Promise<string> {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length)
  const answer = await connection.ask(AUTHENTICATE, Buffer.concat([length, bytes]))
  const errorCode = answer.readInt16BE(0)
  const messageAt = 4
  const messageEnd = messageAt + Math.max(0, answer.readInt16BE(messageAt - 2))
  if (errorCode !== 0)
    throw new Error(`The broker lets nobody in: ${answer.toString('utf8', messageAt, messageEnd)}`)
  const from = messageEnd + 4
  return answer.toString('utf8', from, from + Math.max(0, answer.readInt32BE(messageEnd)))
}

/** `a=…,b=…` */
const attributesOf = (text: string): Record<string, string> =>
  Object.fromEntries(text.split(',').map((one) => [one.slice(0, 1), one.slice(2)]))

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
}

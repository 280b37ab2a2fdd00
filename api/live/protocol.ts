// graphql-transport-ws: the messages of clients, and the codes by which a socket is closed. Those from 4400 on are the protocol's
// own, 44xx that it leaves free are ours.
import type { Asked } from './operation.ts'

export const PROTOCOL = 'graphql-transport-ws'

export const closeCodes = {
  GOING_AWAY: 1001,
  TRY_AGAIN: 1013,
  BAD_MESSAGE: 4400,
  UNAUTHORIZED: 4401,
  FORBIDDEN: 4403,
  BAD_PROTOCOL: 4406,
  INIT_TIMEOUT: 4408,
  ID_TAKEN: 4409,
  INIT_TWICE: 4429,
  TOO_SLOW: 4430,
  TOO_MANY: 4431,
} as const

export type CloseCode = keyof typeof closeCodes

/** A close frame has no room for more. */
const REASON_BYTES_MAX = 123

export const reasonText = (reason: string): string =>
  Buffer.from(reason)
    .subarray(0, REASON_BYTES_MAX)
    .toString()
    .replace(/\uFFFD$/, '')

export type ClientMessage =
  | { type: 'connection_init'; payload: Record<string, unknown> }
  | { type: 'subscribe'; id: string; payload: Asked & { extensions?: unknown } }
  | { type: 'complete'; id: string }
  | { type: 'ping' | 'pong' }

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isAbsentOr = (value: unknown, is: (value: unknown) => boolean) => value == null || is(value)

/** Undefined for what is no message of the protocol. */
export function messageOf(text: string): ClientMessage | undefined {
  const message = parsed(text)
  if (!isObject(message)) return undefined
  const { type, id, payload } = message
  if (type === 'ping' || type === 'pong') return { type }
  if (type === 'connection_init') return { type, payload: isObject(payload) ? payload : {} }
  if (typeof id !== 'string' || id === '') return undefined
  if (type === 'complete') return { type, id }
  return type === 'subscribe' && isAsked(payload) ? { type, id, payload } : undefined
}

const isText = (value: unknown) => typeof value === 'string'

/** A persisted operation comes without its text. */
const isAsked = (payload: unknown): payload is Asked =>
  isObject(payload) &&
  (isText(payload.query) || isObject(payload.extensions)) &&
  isAbsentOr(payload.variables, isObject) &&
  isAbsentOr(payload.operationName, isText)

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

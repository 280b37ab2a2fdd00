// How long somebody waits for an answer: until he has gone, or until it has taken too long. What runs for him is cancelled then.
import { AsyncLocalStorage } from 'node:async_hooks'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { refusal } from '../errors.ts'

/** Longer than any answer of GraphQL takes whose statements end in time. Exports stream for as long as they are read. */
const ANSWER_WITHIN_MS = 30_000

/** A question over a WebSocket has no connection of its own that could close: its signal goes along with it. */
const overSocket = new AsyncLocalStorage<AbortSignal>()

export const askedUntil = <T>(signal: AbortSignal, ask: () => T): T => overSocket.run(signal, ask)

export function patienceOf({ routeOptions }: FastifyRequest, { raw }: FastifyReply): AbortSignal {
  const patience = new AbortController()
  const leave = () => patience.abort(refusal('CANCELLED', 'Nobody waits for this answer any more.'))
  const timer =
    routeOptions.url === '/graphql'
      ? setTimeout(() => patience.abort(tookTooLong()), ANSWER_WITHIN_MS).unref()
      : undefined
  const asker = overSocket.getStore()
  if (asker?.aborted) leave()
  asker?.addEventListener('abort', leave, { once: true })
  raw.once('close', () => {
    clearTimeout(timer)
    if (!raw.writableFinished) leave()
  })
  return patience.signal
}

const tookTooLong = () => refusal('TIMED_OUT', `An answer takes ${ANSWER_WITHIN_MS / 1000} s at most.`)

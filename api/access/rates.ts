// How often one may ask: each key or token by itself, and each address where there is none. Wrong keys are counted by address, so
// that a flood of them does not become a flood of questions to the database.
import { createHash } from 'node:crypto'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refusal } from '../errors.ts'

const MINUTE_MS = 60_000
const REFUSED_MAX = 600
const ADDRESSES_MAX = 10_000

export type Rates = {
  /** Throws RATE_LIMITED. */
  checkRefused(address: string): void
  countRefused(address: string): void
}

/** Wrong keys of the last minute, by address. */
export function refusedRates(nowMs: () => number = () => performance.now()): Rates {
  const counts = new Map<string, { count: number; untilMs: number }>()
  const of = (address: string) => {
    const found = counts.get(address)
    return found !== undefined && found.untilMs > nowMs() ? found : undefined
  }
  return {
    checkRefused(address) {
      if ((of(address)?.count ?? 0) >= REFUSED_MAX)
        throw refusal('RATE_LIMITED', 'Too many wrong keys or tokens came from this address.')
    },
    countRefused(address) {
      const found = of(address)
      if (found !== undefined) found.count++
      else {
        if (counts.size >= ADDRESSES_MAX) counts.clear()
        counts.set(address, { count: 1, untilMs: nowMs() + MINUTE_MS })
      }
    },
  }
}

/** Before it is known who asks: a key is told apart by its digest. */
const askerOf = ({ headers, ip }: FastifyRequest): string =>
  headers.authorization === undefined
    ? ip
    : createHash('sha256').update(headers.authorization).digest('base64url')

/** `perMinute` 0: without a limit. */
export async function addRates(
  app: FastifyInstance,
  perMinute: number,
  isGuarded: (request: FastifyRequest) => boolean,
): Promise<void> {
  if (perMinute === 0) return
  await app.register(rateLimit, {
    global: true,
    max: perMinute,
    timeWindow: MINUTE_MS,
    cache: ADDRESSES_MAX,
    keyGenerator: askerOf,
    allowList: (request) => !isGuarded(request),
    errorResponseBuilder: (_request, { ttl }) =>
      refusal('RATE_LIMITED', `Too many requests: the next one is answered in ${Math.ceil(ttl / 1000)} s.`),
  })
}

// Which pages may ask: our own, and those of the origins that are configured. A browser sends no preflight before a WebSocket,
// so there the origin is looked at here.
import type { FastifyRequest } from 'fastify'

/** Programs send no origin. */
export function isOwnOrigin(
  { headers, host }: Pick<FastifyRequest, 'headers' | 'host'>,
  allowed: readonly string[],
): boolean {
  const { origin } = headers
  if (origin === undefined || allowed.includes(origin)) return true
  return URL.canParse(origin) && new URL(origin).host === host
}

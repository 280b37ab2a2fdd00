// What browsers are told about pages of ours: nothing from elsewhere, nothing inline, nobody frames them.
import type { FastifyInstance, FastifyReply } from 'fastify'

/** A browser that has been here by HTTPS never comes by HTTP again; by HTTP the header says nothing to it. */
const HSTS_SECONDS = 31_536_000

const everywhere = {
  'strict-transport-security': `max-age=${HSTS_SECONDS}`,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
}

const common = {
  ...everywhere,
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
}

const policy = (directives: Record<string, string>) =>
  Object.entries({
    'default-src': "'none'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
    ...directives,
  })
    .map(([name, value]) => `${name} ${value}`)
    .join('; ')

const dashboardPolicy = (tokenOrigin: string | null) =>
  policy({
    'script-src': "'self'",
    'style-src': "'self'",
    'img-src': "'self' data:",
    'connect-src': tokenOrigin === null ? "'self'" : `'self' ${tokenOrigin}`,
  })

// What is no page of ours has nothing to run.
const dataPolicy = policy({})

/** On every answer; a page then says more. */
export function addSecurityHeaders(app: FastifyInstance): void {
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({ ...everywhere, 'content-security-policy': dataPolicy })
  })
}

// GraphiQL's editor writes style elements and starts its workers from blobs.
const graphiqlPolicy = policy({
  'script-src': "'self'",
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data:",
  'font-src': "'self' data:",
  'connect-src': "'self'",
  'worker-src': "'self' blob:",
})

// Swagger's page styles its elements one by one.
const docsPolicy = policy({
  'script-src': "'self'",
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
})

/** `tokenOrigin`: where the page gets its access token; null: nowhere. */
export const asDashboardPage = (reply: FastifyReply, tokenOrigin: string | null): FastifyReply =>
  reply.headers({ ...common, 'content-security-policy': dashboardPolicy(tokenOrigin) })

export const asGraphiqlPage = (reply: FastifyReply): FastifyReply =>
  reply.headers({ ...common, 'content-security-policy': graphiqlPolicy })

export const asDocsPage = (reply: FastifyReply): FastifyReply =>
  reply.headers({ ...common, 'content-security-policy': docsPolicy })

/** A report brings its one style with it, and nothing runs in it. */
export const asReportPage = (reply: FastifyReply, styleSha256: string): FastifyReply =>
  reply.headers({
    ...common,
    'content-security-policy': policy({ 'style-src': `'sha256-${styleSha256}'` }),
    'cache-control': 'no-store',
  })

// What browsers are told about pages of ours: nothing from elsewhere, nothing inline, nobody frames them.
import type { FastifyReply } from 'fastify'

const common = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
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

const dashboardPolicy = policy({
  'script-src': "'self'",
  'style-src': "'self'",
  'img-src': "'self' data:",
  'connect-src': "'self'",
})

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

export const asDashboardPage = (reply: FastifyReply): FastifyReply =>
  reply.headers({ ...common, 'content-security-policy': dashboardPolicy })

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

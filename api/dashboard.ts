// Serves the dashboard: plain files without a build step, and uPlot from its package. Its deep links all get
// the one page.
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance } from 'fastify'
import { asDashboardPage } from './security-headers.ts'

const files = join(import.meta.dirname, 'dashboard')
const require = createRequire(import.meta.url)
const uplot = dirname(require.resolve('uplot/dist/uPlot.min.css'))

// Always asked for anew, answered by 304 where nothing changed: after an update nobody runs half of an old
// page.
const fresh = { cacheControl: true, maxAge: 0, etag: true, lastModified: true, index: false as const }

/** `tokenOrigin`: where the page may get its access token, beside our own origin. */
export async function addDashboard(
  app: FastifyInstance,
  tokenOrigin: () => Promise<string | null>,
): Promise<void> {
  await app.register(fastifyStatic, { root: files, prefix: '/dashboard/', ...fresh })
  await app.register(fastifyStatic, {
    root: uplot,
    prefix: '/vendor/uplot/',
    decorateReply: false,
    allowedPath: (path) => /^\/uPlot\.(esm\.js|min\.css)$/.test(path),
    ...fresh,
  })
  for (const url of ['/', '/alerts', '/sites/:id', '/units/:id', '/sign-in'])
    app.get(url, async (_request, reply) =>
      asDashboardPage(reply, await tokenOrigin()).sendFile('index.html', files),
    )
}

// For probes and Prometheus: is the process up, can it answer, what did it count.
import type { FastifyInstance } from 'fastify'
import type { Query } from './database.ts'
import type { Metrics } from './metrics.ts'
import { partitionHealth } from './partition-health.ts'
import { isMigrated } from './queries/operations.ts'

export function addHealth(app: FastifyInstance, query: Query, { registry }: Metrics): void {
  const tags = ['operations']
  const partitions = partitionHealth(query)
  app.get(
    '/health',
    { schema: { tags, summary: 'The process is up; beside it, how the partitions stand' } },
    async () => ({ status: 'ok', partitions: await partitions() }),
  )
  app.get(
    '/health/ready',
    { schema: { tags, summary: 'The database answers and has its tables; else 503 with the problem' } },
    async (request, reply) => {
      const problem = await isMigrated(query).then(
        (migrated) => (migrated ? undefined : 'The tables are missing: run `coldstream migrate`.'),
        (error: unknown) => {
          request.log.warn({ err: error }, 'not ready')
          return 'Postgres does not answer: check DATABASE_URL and that it runs.'
        },
      )
      if (problem !== undefined) return reply.code(503).send({ status: 'not ready', problem })
      return { status: 'ready' }
    },
  )
  app.get('/metrics', { schema: { tags, summary: 'Counts for Prometheus' } }, async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  )
}

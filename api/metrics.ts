// What Prometheus learns from the API.
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import type { Query } from './database.ts'

export type Metrics = {
  registry: Registry
  requestSeconds: Histogram<'route' | 'status'>
  statementSeconds: Histogram<'outcome'>
  graphqlErrors: Counter<'code'>
}

const buckets = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  return {
    registry,
    requestSeconds: new Histogram({
      name: 'coldstream_api_request_seconds',
      help: 'Time to answer a request, by route and status.',
      labelNames: ['route', 'status'],
      buckets,
      registers: [registry],
    }),
    statementSeconds: new Histogram({
      name: 'coldstream_api_statement_seconds',
      help: 'Time of one SQL statement of the API; its count is the number of statements.',
      labelNames: ['outcome'],
      buckets,
      registers: [registry],
    }),
    graphqlErrors: new Counter({
      name: 'coldstream_api_graphql_errors_total',
      help: 'Errors answered over GraphQL, by code.',
      labelNames: ['code'],
      registers: [registry],
    }),
  }
}

export function measured(query: Query, { statementSeconds }: Metrics): Query {
  return async (text, values, options) => {
    const end = statementSeconds.startTimer()
    try {
      const rows = await query(text, values, options)
      end({ outcome: 'ok' })
      return rows as never
    } catch (error) {
      end({ outcome: 'failed' })
      throw error
    }
  }
}

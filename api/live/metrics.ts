// What Prometheus learns of subscribers.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Connection } from './connection.ts'
import type { CloseCode } from './protocol.ts'

export function liveMetrics(
  registry: Registry,
  connections: ReadonlySet<Connection>,
): { dropped: Counter<'code'> } {
  const registers = [registry]
  new Gauge({
    name: 'coldstream_api_sockets',
    help: 'WebSockets that are open.',
    registers,
    collect() {
      this.set(connections.size)
    },
  })
  new Gauge({
    name: 'coldstream_api_subscriptions',
    help: 'Subscriptions and questions that run over WebSockets.',
    registers,
    collect() {
      this.set([...connections].reduce((sum, { operations }) => sum + operations, 0))
    },
  })
  return {
    dropped: new Counter<'code'>({
      name: 'coldstream_api_sockets_dropped_total',
      help: 'WebSockets that the server closed, by reason.',
      labelNames: ['code' satisfies keyof Record<'code', CloseCode>],
      registers,
    }),
  }
}

export const lagMetric = (registry: Registry): Histogram =>
  new Histogram({
    name: 'coldstream_api_live_lag_seconds',
    help: 'From the writing of a record to its topic until its subscribers were told.',
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  })

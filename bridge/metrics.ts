// What the bridge counts. Labels come from the configuration and from fixed words, never from a message.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

export type Outcome = 'uplink' | 'join' | 'other' | 'dead-letter' | 'refused' | 'unavailable'

export type BridgeMetrics = {
  answered(connectionId: string, outcome: Outcome, seconds: number): void
  text(): Promise<string>
  contentType: string
}

export type Measured = {
  inFlight(): number
  spoolBytes(): number
  /** By connection. */
  mqttConnected?(): ReadonlyMap<string, boolean>
}

export function bridgeMetrics(measured: Measured): BridgeMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const messages = new Counter({
    name: 'coldstream_bridge_messages_total',
    help: 'Messages by connection and by what became of them.',
    labelNames: ['connection', 'outcome'],
    registers: [registry],
  })
  const duration = new Histogram({
    name: 'coldstream_bridge_answer_seconds',
    help: "Time from a request's head to its answer; an accepted one includes Kafka's acknowledgement.",
    labelNames: ['outcome'],
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 4],
    registers: [registry],
  })
  new Gauge({
    name: 'coldstream_bridge_in_flight',
    help: 'Records given to Kafka and not yet acknowledged or given up.',
    registers: [registry],
    collect() {
      this.set(measured.inFlight())
    },
  })
  new Gauge({
    name: 'coldstream_bridge_spool_bytes',
    help: 'Bytes on disk that Kafka has not acknowledged yet.',
    registers: [registry],
    collect() {
      this.set(measured.spoolBytes())
    },
  })
  new Gauge({
    name: 'coldstream_bridge_mqtt_connected',
    help: 'Whether the bridge is connected to an MQTT server, 0 or 1.',
    labelNames: ['connection'],
    registers: [registry],
    collect() {
      for (const [connection, is] of measured.mqttConnected?.() ?? []) this.set({ connection }, Number(is))
    },
  })
  return {
    answered(connectionId, outcome, seconds) {
      messages.inc({ connection: connectionId, outcome })
      duration.observe({ outcome }, seconds)
    },
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

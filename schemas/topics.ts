// Every topic of the pipeline: what keys it, how long it is kept, which others it must be co-partitioned with.
import type { TopicValues } from './generated/types.ts'

export type TopicName = keyof TopicValues

/** delete: kept for `retentionDays`; compact: the newest record of a key is kept for ever. */
type Cleanup = { policy: 'delete'; retentionDays: number } | { policy: 'compact' }

export type TopicContract = {
  key: 'devEui' | 'unitId' | 'gatewayKey' | 'input' | 'task'
  cleanup: Cleanup
  /** Where it is not the configured number. */
  partitions?: number
  /** Between stages: the topic that carries its records many at a time. A Kafka record costs more than an observation. */
  carrier?: 'reading-batches'
}

const kept = (retentionDays: number): Cleanup => ({ policy: 'delete', retentionDays })
const compact: Cleanup = { policy: 'compact' }

/**
 * Topics of one key are joined, or written by the stage that owns that key, so all have the same number of
 * partitions and the Java client's murmur2 partitioner. Names here carry no prefix; `topicName` adds it.
 */
export const topics: Record<TopicName, TopicContract> = {
  uplinks: { key: 'devEui', cleanup: kept(400) },
  devices: { key: 'devEui', cleanup: compact },
  'device-changelog': { key: 'devEui', cleanup: compact },
  readings: { key: 'unitId', cleanup: kept(30), carrier: 'reading-batches' },
  'reading-batches': { key: 'unitId', cleanup: kept(30) },
  'unit-configs': { key: 'unitId', cleanup: compact },
  'unit-entries': { key: 'unitId', cleanup: kept(400) },
  'unit-changelog': { key: 'unitId', cleanup: compact },
  excursions: { key: 'unitId', cleanup: kept(400) },
  'door-events': { key: 'unitId', cleanup: kept(400) },
  'door-openings': { key: 'unitId', cleanup: kept(400) },
  silences: { key: 'unitId', cleanup: kept(400) },
  budgets: { key: 'unitId', cleanup: kept(400) },
  'unit-status': { key: 'unitId', cleanup: kept(400) },
  alerts: { key: 'unitId', cleanup: kept(400) },
  'gateway-silences': { key: 'gatewayKey', cleanup: kept(400) },
  'gateway-changelog': { key: 'gatewayKey', cleanup: compact },
  'gateway-incidents': { key: 'gatewayKey', cleanup: kept(400) },
  rollups: { key: 'unitId', cleanup: kept(400) },
  'late-readings': { key: 'unitId', cleanup: kept(400) },
  quarantine: { key: 'input', cleanup: kept(400) },
  'dead-letters': { key: 'input', cleanup: kept(400) },
  // Small, and followed wholly by every process.
  watermarks: { key: 'task', cleanup: compact, partitions: 1 },
}

export const topicNames = Object.keys(topics) as TopicName[]

export const topicName = (prefix: string, topic: TopicName): string => `${prefix}${topic}`

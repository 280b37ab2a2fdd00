// What a dry run prints: the last revision of every record, with what readers derive, sorted by topic, key and start.
import { rollupMeans } from '../../processors/rollup-means.ts'
import type { Topic, Value, World } from './world.ts'

export type Line = { topic: Topic; key: string; value: Record<string, unknown> }

type Ranked = { line: Line; startMs: number }

export function linesOf({ records, clockMs }: World): Line[] {
  const ranked: Ranked[] = []
  for (const [topic, values] of records) {
    for (const value of values.values()) {
      if (!isRetracted(value)) ranked.push(rank(topic, value, clockMs))
    }
  }
  ranked.sort(byTopicKeyStart)
  return ranked.map(({ line }) => line)
}

function isRetracted(value: Value): boolean {
  if ('retracted' in value && value.retracted) return true
  return (
    ('state' in value && value.state === 'retracted') || ('status' in value && value.status === 'retracted')
  )
}

/** What each kind of record starts with, in the order in which it is looked for. */
const startNames = ['startedAt', 'openedAt', 'causeStartedAt', 'start', 'at', 'recordedAt']

function rank(topic: Topic, record: Value, clockMs: number): Ranked {
  const value: Record<string, unknown> = { ...record }
  if (topic === 'alerts') for (const name of notHere(value)) delete value[name]
  const startMs = Number(value[startNames.find((name) => name in value) ?? ''])
  if (value.state === 'open') value.durationSeconds = (clockMs - startMs) / 1000
  if ('granularity' in record) Object.assign(value, rollupMeans(record, clockMs))
  for (const name of instants) {
    const ms = value[name]
    if (typeof ms === 'number') value[name] = new Date(ms).toISOString()
  }
  const key = 'devEui' in record ? (record.unitId ?? record.devEui) : record.unitId
  return { line: { topic, key, value }, startMs }
}

/** Observations have no batteries, and nobody has seen an alert: these say nothing, unless a device among others is silent. */
const notHere = ({ reason }: Line['value']): string[] => [
  ...['escalatedAt', 'acknowledgedAt'],
  ...(reason === 'silent' ? [] : ['deviceId', 'reason']),
]

const instants = [
  ...startNames,
  'asOf',
  'closedAt',
  'confirmedAt',
  'criticalAt',
  'detectedAt',
  'end',
  'endedAt',
  'receivedAt',
  'resolvedAt',
  'triggeredAt',
  'warningAt',
]

const order = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/** Equal starts are told apart by the rest, so that the same world prints the same lines. */
function byTopicKeyStart(a: Ranked, b: Ranked): number {
  return (
    order(a.line.topic, b.line.topic) ||
    order(a.line.key, b.line.key) ||
    a.startMs - b.startMs ||
    order(String(a.line.value.end ?? ''), String(b.line.value.end ?? '')) ||
    order(JSON.stringify(a.line.value), JSON.stringify(b.line.value))
  )
}

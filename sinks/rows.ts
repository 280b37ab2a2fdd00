// Event → row: for each topic that the sink reads, the table, its columns in order, and how a field is written.
import type { Reading, TopicValues } from '../schemas/generated/types.ts'
import { topics } from '../schemas/topics.ts'
import type { CopyBuffer } from './copy-binary.ts'
import type { ColumnKind } from './transcode.ts'

/** Where a record stands in Kafka; `topic` is its full name. */
export type Place = { topic: string; partition: number; offset: number }

/** append: rows never change, the first of a key stays. replace: the highest revision of a key stays. */
type Conflict = 'append' | 'replace'

export type TableRows<V> = {
  table: string
  key: readonly string[]
  onConflict: Conflict
  columns: readonly string[]
  write(row: CopyBuffer, value: V, place: Place): void
}

export type SinkTopic =
  | 'readings'
  | 'excursions'
  | 'door-events'
  | 'door-openings'
  | 'silences'
  | 'budgets'
  | 'unit-status'
  | 'alerts'
  | 'gateway-incidents'
  | 'rollups'
  | 'late-readings'
  | 'quarantine'
  | 'dead-letters'

/** What a record of the log may be: one row, or of `reading-batches` as many as it carries. */
export type LogTopic = SinkTopic | 'reading-batches'

/** Of the element types of arrays, as pg_type says. */
const TIMESTAMPTZ_OID = 1184
const UUID_OID = 2950

type Field<V> = (row: CopyBuffer, value: V, place: Place) => void
type Fields<V> = readonly (readonly [column: string, write: Field<V>])[]

export function table<V>(
  name: string,
  key: readonly string[],
  onConflict: Conflict,
  fields: Fields<V>,
): TableRows<V> {
  const writers = fields.map(([, write]) => write)
  return {
    table: name,
    key,
    onConflict,
    columns: fields.map(([column]) => column),
    write(row, value, place) {
      for (const write of writers) write(row, value, place)
    },
  }
}

type OfUnit = { unitId: string; organizationId: string }
export type Revised = OfUnit & { id: string; revision: number }

const unit: Fields<OfUnit> = [
  ['unit_id', (row, v) => row.uuid(v.unitId)],
  ['organization_id', (row, v) => row.uuid(v.organizationId)],
]
export const revised: Fields<Revised> = [
  ['id', (row, v) => row.uuid(v.id)],
  ...unit,
  ['revision', (row, v) => row.int4(v.revision)],
]

/** In the order of the contract, so that a record becomes a row in one pass. */
export const readingColumns = {
  unitId: ['unit_id', 'uuid'],
  organizationId: ['organization_id', 'uuid'],
  deviceId: ['device_id', 'uuid'],
  recordedAt: ['recorded_at', 'timestampMs'],
  receivedAt: ['received_at', 'timestampMs'],
  temperature: ['temperature_c', 'float8'],
  humidity: ['humidity_percent', 'float8'],
  doorOpen: ['door_open', 'bool'],
  batteryPercent: ['battery_percent', 'float8'],
  batteryVolts: ['battery_volts', 'float8'],
  rssi: ['rssi_dbm', 'float8'],
  snr: ['snr_db', 'float8'],
  gatewayId: ['gateway_id', 'text'],
  fault: ['fault', 'bool'],
  history: ['history', 'bool'],
  simulated: ['simulated', 'bool'],
  decoder: ['decoder', 'text'],
  decoderVersion: ['decoder_version', 'int4'],
} as const satisfies { [F in keyof Reading]?: readonly [column: string, kind: ColumnKind] }

type ReadingField = keyof typeof readingColumns

const readings = table<Reading>(
  'sensor_readings',
  ['unit_id', 'recorded_at', 'device_id', 'simulated'],
  'append',
  (Object.keys(readingColumns) as ReadingField[]).map((field) => {
    const [column, kind] = readingColumns[field]
    return [column, (row, v) => row[kind](v[field] as never)] as const
  }),
)

const excursions = table<TopicValues['excursions']>('excursions', ['id'], 'replace', [
  ...revised,
  ['state', (row, v) => row.text(v.state)],
  ['direction', (row, v) => row.text(v.direction)],
  ['started_at', (row, v) => row.timestampMs(v.startedAt)],
  ['confirmed_at', (row, v) => row.timestampMs(v.confirmedAt)],
  ['critical_at', (row, v) => row.timestampMs(v.criticalAt)],
  ['ended_at', (row, v) => row.timestampMs(v.endedAt)],
  ['peak_c', (row, v) => row.float8(v.peak)],
  ['min_c', (row, v) => row.float8(v.min)],
  ['max_c', (row, v) => row.float8(v.max)],
  ['reading_count', (row, v) => row.int4(v.count)],
  ['duration_seconds', (row, v) => row.float8(v.durationSeconds)],
  ['known_seconds', (row, v) => row.float8(v.knownSeconds)],
  ['has_unknown', (row, v) => row.bool(v.hasUnknown)],
  ['degree_minutes', (row, v) => row.float8(v.degreeMinutes)],
  ['as_of', (row, v) => row.timestampMs(v.asOf)],
])

const doorEvents = table<TopicValues['door-events']>('door_events', ['id'], 'replace', [
  ...revised,
  ['retracted', (row, v) => row.bool(v.retracted)],
  ['device_id', (row, v) => row.uuid(v.deviceId)],
  ['recorded_at', (row, v) => row.timestampMs(v.recordedAt)],
  ['door_open', (row, v) => row.bool(v.doorOpen)],
  ['duration_seconds', (row, v) => row.float8(v.durationSeconds)],
])

const doorOpenings = table<TopicValues['door-openings']>('door_openings', ['id'], 'replace', [
  ...revised,
  ['state', (row, v) => row.text(v.state)],
  ['inferred', (row, v) => row.bool(v.inferred)],
  ['opened_at', (row, v) => row.timestampMs(v.openedAt)],
  ['closed_at', (row, v) => row.timestampMs(v.closedAt)],
  ['duration_seconds', (row, v) => row.float8(v.durationSeconds)],
  ['warning_at', (row, v) => row.timestampMs(v.warningAt)],
  ['critical_at', (row, v) => row.timestampMs(v.criticalAt)],
])

const silences = table<TopicValues['silences']>('silences', ['id'], 'replace', [
  ...revised,
  ['state', (row, v) => row.text(v.state)],
  ['started_at', (row, v) => row.timestampMs(v.startedAt)],
  ['detected_at', (row, v) => row.timestampMs(v.detectedAt)],
  ['warning_at', (row, v) => row.timestampMs(v.warningAt)],
  ['critical_at', (row, v) => row.timestampMs(v.criticalAt)],
  ['ended_at', (row, v) => row.timestampMs(v.endedAt)],
  ['duration_seconds', (row, v) => row.float8(v.durationSeconds)],
  ['missed_checkins', (row, v) => row.int4(v.missedCheckins)],
])

const budgets = table<TopicValues['budgets']>('budgets', ['id'], 'replace', [
  ...revised,
  ['state', (row, v) => row.text(v.state)],
  ['name', (row, v) => row.text(v.name)],
  ['side', (row, v) => row.text(v.side)],
  ['limit_c', (row, v) => row.float8(v.limit)],
  ['span', (row, v) => row.text(v.over)],
  ['lot', (row, v) => row.text(v.lot)],
  ['budget_seconds', (row, v) => row.float8(v.budgetSeconds)],
  ['started_at', (row, v) => row.timestampMs(v.startedAt)],
  ['exceeded_at', (row, v) => row.timestampMs(v.exceededAt)],
  ['ended_at', (row, v) => row.timestampMs(v.endedAt)],
  ['used_seconds', (row, v) => row.float8(v.usedSeconds)],
])

const unitStatus = table<TopicValues['unit-status']>('unit_status_changes', ['id'], 'replace', [
  ...revised,
  ['retracted', (row, v) => row.bool(v.retracted)],
  ['changed_at', (row, v) => row.timestampMs(v.at)],
  ['status', (row, v) => row.text(v.status)],
  ['cause_id', (row, v) => row.uuid(v.causeId)],
])

const alerts = table<TopicValues['alerts']>('alerts', ['id'], 'replace', [
  ...revised,
  ['status', (row, v) => row.text(v.status)],
  ['alert_type', (row, v) => row.text(v.alertType)],
  ['severity', (row, v) => row.text(v.severity)],
  ['cause_id', (row, v) => row.uuid(v.causeId)],
  ['cause_started_at', (row, v) => row.timestampMs(v.causeStartedAt)],
  ['device_id', (row, v) => row.uuid(v.deviceId)],
  ['reason', (row, v) => row.text(v.reason)],
  ['triggered_at', (row, v) => row.timestampMs(v.triggeredAt)],
  ['escalated_at', (row, v) => row.array(TIMESTAMPTZ_OID, v.escalatedAt, (ms) => row.timestampMs(ms))],
  ['acknowledged_at', (row, v) => row.timestampMs(v.acknowledgedAt)],
  ['resolved_at', (row, v) => row.timestampMs(v.resolvedAt)],
])

const gatewayIncidents = table<TopicValues['gateway-incidents']>('gateway_incidents', ['id'], 'replace', [
  ['id', (row, v) => row.uuid(v.id)],
  ['gateway_id', (row, v) => row.text(v.gatewayId)],
  ['organization_id', (row, v) => row.uuid(v.organizationId)],
  ['revision', (row, v) => row.int4(v.revision)],
  ['state', (row, v) => row.text(v.state)],
  ['started_at', (row, v) => row.timestampMs(v.startedAt)],
  ['detected_at', (row, v) => row.timestampMs(v.detectedAt)],
  ['ended_at', (row, v) => row.timestampMs(v.endedAt)],
  ['unit_ids', (row, v) => row.array(UUID_OID, v.unitIds, (id) => row.uuid(id))],
  ['silence_ids', (row, v) => row.array(UUID_OID, v.silenceIds, (id) => row.uuid(id))],
])

const rollups = table<TopicValues['rollups']>(
  'rollups',
  ['unit_id', 'granularity', 'window_start'],
  'replace',
  [
    ...unit,
    ['granularity', (row, v) => row.text(v.granularity)],
    ['window_start', (row, v) => row.timestampMs(v.start)],
    ['window_end', (row, v) => row.timestampMs(v.end)],
    ['revision', (row, v) => row.int4(v.revision)],
    ['retracted', (row, v) => row.bool(v.retracted)],
    ['is_final', (row, v) => row.bool(v.isFinal)],
    ['as_of', (row, v) => row.timestampMs(v.asOf)],
    ['reading_count', (row, v) => row.int4(v.count)],
    ['min_c', (row, v) => row.float8(v.min)],
    ['max_c', (row, v) => row.float8(v.max)],
    ['sum_c', (row, v) => row.float8(v.sum)],
    ['sum_squares_c2', (row, v) => row.float8(v.sumSquares)],
    ['known_seconds', (row, v) => row.float8(v.knownSeconds)],
    ['weighted_sum_c_seconds', (row, v) => row.float8(v.weightedSum)],
    ['mkt_numerator', (row, v) => row.float8(v.mktNumerator)],
    ['mkt_denominator', (row, v) => row.float8(v.mktDenominator)],
    ['seconds_above', (row, v) => row.float8(v.secondsAbove)],
    ['seconds_below', (row, v) => row.float8(v.secondsBelow)],
    ['degree_minutes_above', (row, v) => row.float8(v.degreeMinutesAbove)],
    ['degree_minutes_below', (row, v) => row.float8(v.degreeMinutesBelow)],
    ['readings_out_of_range', (row, v) => row.int4(v.readingsOutOfRange)],
    ['door_openings', (row, v) => row.int4(v.doorOpenings)],
    ['door_open_seconds', (row, v) => row.float8(v.doorOpenSeconds)],
    ['humidity_count', (row, v) => row.int4(v.humidityCount)],
    ['humidity_sum', (row, v) => row.float8(v.humiditySum)],
    ['humidity_min', (row, v) => row.float8(v.humidityMin)],
    ['humidity_max', (row, v) => row.float8(v.humidityMax)],
  ],
)

const lateReadings = table<TopicValues['late-readings']>(
  'late_readings',
  ['unit_id', 'recorded_at', 'device_id'],
  'append',
  [
    ...unit,
    ['recorded_at', (row, v) => row.timestampMs(v.recordedAt)],
    ['device_id', (row, v) => row.uuid(v.deviceId)],
    ['received_at', (row, v) => row.timestampMs(v.receivedAt)],
    ['hour_start', (row, v) => row.timestampMs(v.hourStart)],
  ],
)

const quarantine = table<TopicValues['quarantine']>('quarantine', ['id'], 'append', [
  ['id', (row, v) => row.uuid(v.id)],
  ['unit_id', (row, v) => row.uuid(v.unitId)],
  ['organization_id', (row, v) => row.uuid(v.organizationId)],
  ['device_id', (row, v) => row.uuid(v.deviceId)],
  ['dev_eui', (row, v) => row.text(v.devEui)],
  ['recorded_at', (row, v) => row.timestampMs(v.recordedAt)],
  ['received_at', (row, v) => row.timestampMs(v.receivedAt)],
  ['reason', (row, v) => row.text(v.reason)],
  ['explanation', (row, v) => row.text(v.explanation)],
  ['temperature_c', (row, v) => row.float8(v.temperature)],
  ['humidity_percent', (row, v) => row.float8(v.humidity)],
  ['door_open', (row, v) => row.bool(v.doorOpen)],
  ['session_key_id', (row, v) => row.text(v.sessionKeyId)],
  ['f_cnt', (row, v) => row.int8(v.fCnt)],
  ['brand_id', (row, v) => row.text(v.brandId)],
  ['model_id', (row, v) => row.text(v.modelId)],
])

export const deadLetters = table<TopicValues['dead-letters']>(
  'dead_letters',
  ['topic', 'topic_partition', 'topic_offset'],
  'append',
  [
    ['topic', (row, _, place) => row.text(place.topic)],
    ['topic_partition', (row, _, place) => row.int4(place.partition)],
    ['topic_offset', (row, _, place) => row.int8(place.offset)],
    ['source', (row, v) => row.text(v.source)],
    ['source_partition', (row, v) => row.int4(v.partition)],
    ['source_offset', (row, v) => row.int8(v.offset)],
    ['code', (row, v) => row.text(v.code)],
    ['explanation', (row, v) => row.text(v.explanation)],
    ['failed_at', (row, v) => row.timestampMs(v.failedAt)],
    ['key', (row, v) => row.bytea(v.key)],
    ['value', (row, v) => row.bytea(v.value)],
    ['headers', (row, v) => row.jsonb(v.headers)],
  ],
)

export const sinkTables: { readonly [T in SinkTopic]: TableRows<TopicValues[T]> } = {
  readings,
  excursions,
  'door-events': doorEvents,
  'door-openings': doorOpenings,
  silences,
  budgets,
  'unit-status': unitStatus,
  alerts,
  'gateway-incidents': gatewayIncidents,
  rollups,
  'late-readings': lateReadings,
  quarantine,
  'dead-letters': deadLetters,
}

/**
 * The topics that the sink reads. Readings it reads where they travel together: to take a record from Kafka costs more than to
 * make a row of it.
 */
export const sinkTopics: LogTopic[] = (Object.keys(sinkTables) as SinkTopic[]).map(
  (name) => topics[name].carrier ?? name,
)

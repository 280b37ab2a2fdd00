// What a line of an export holds. Names carry the unit of measure; a temperature's is the one that was asked for.
import {
  coverage,
  humidityMean,
  meanC,
  meanKineticC,
  type RollupSums,
  timeWeightedMeanC,
} from '../rollup-figures.ts'
import { differenceIn, type TemperatureUnit, temperatureIn } from '../temperature.ts'

export type Cell = string | number | boolean | null
export type Line = Record<string, Cell>

/** A row as the connections read it. */
export type Row = Record<string, Cell | Date>

type ToLine = (row: Row, degrees: TemperatureUnit) => Line

const cell = (value: Row[string] | undefined): Cell =>
  value instanceof Date ? value.toISOString() : (value ?? null)

/** Columns by their property of the row. */
const plain =
  (columns: Readonly<Record<string, string>>) =>
  (row: Row): Line =>
    Object.fromEntries(Object.entries(columns).map(([name, property]) => [name, cell(row[property])]))

/** The same for °C, under a name that says in which degrees it stands. */
const inDegrees =
  (convert: typeof temperatureIn, columns: Readonly<Record<string, (row: Row) => number | null>>): ToLine =>
  (row, degrees) =>
    Object.fromEntries(
      Object.entries(columns).map(([name, of]) => {
        const celsius = of(row)
        return [`${name}_${degrees.toLowerCase()}`, celsius === null ? null : convert(degrees, celsius)]
      }),
    )

const number = (property: string) => (row: Row) => (row[property] ?? null) as number | null
const figure = (of: (sums: RollupSums) => number | null) => (row: Row) => of(row as RollupSums)

/** Parts stand in the order in which they are given. */
const line =
  (...parts: ToLine[]): ToLine =>
  (row, degrees) =>
    Object.assign({}, ...parts.map((part) => part(row, degrees)))

const episode = { id: 'id', state: 'state', revision: 'revision' }

export const lineOf = {
  readings: line(
    plain({ recorded_at: 'recordedAt', received_at: 'receivedAt', device_id: 'deviceId' }),
    inDegrees(temperatureIn, { temperature: number('temperatureC') }),
    plain({
      humidity_percent: 'humidity',
      door_open: 'doorOpen',
      battery_percent: 'batteryPercent',
      battery_volts: 'batteryVolts',
      rssi_dbm: 'rssi',
      snr_db: 'snr',
      gateway_id: 'gatewayId',
      fault: 'fault',
      history: 'history',
      simulated: 'simulated',
    }),
  ),
  rollups: line(
    plain({
      granularity: 'granularity',
      window_start: 'start',
      window_end: 'end',
      is_final: 'isFinal',
      revision: 'revision',
      readings: 'count',
    }),
    inDegrees(temperatureIn, {
      min: number('minC'),
      max: number('maxC'),
      mean: figure(meanC),
      time_weighted_mean: figure(timeWeightedMeanC),
      mkt: figure(meanKineticC),
    }),
    (row) => ({ coverage: figure(coverage)(row) }),
    plain({ known_seconds: 'knownSeconds', seconds_above: 'secondsAbove', seconds_below: 'secondsBelow' }),
    inDegrees(differenceIn, {
      degree_minutes_above: number('degreeMinutesAboveC'),
      degree_minutes_below: number('degreeMinutesBelowC'),
    }),
    plain({
      readings_out_of_range: 'readingsOutOfRange',
      door_openings: 'doorOpenings',
      door_open_seconds: 'doorOpenSeconds',
    }),
    (row) => ({ humidity_mean_percent: figure(humidityMean)(row) }),
    plain({ humidity_min_percent: 'humidityMin', humidity_max_percent: 'humidityMax' }),
  ),
  excursions: line(
    plain({
      ...episode,
      direction: 'direction',
      started_at: 'startedAt',
      confirmed_at: 'confirmedAt',
      critical_at: 'criticalAt',
      ended_at: 'endedAt',
      duration_seconds: 'durationSeconds',
      known_seconds: 'knownSeconds',
      has_unknown: 'hasUnknown',
      readings: 'count',
    }),
    inDegrees(temperatureIn, { peak: number('peakC'), min: number('minC'), max: number('maxC') }),
    inDegrees(differenceIn, { degree_minutes: number('degreeMinutesC') }),
  ),
  doorOpenings: plain({
    ...episode,
    opened_at: 'openedAt',
    closed_at: 'closedAt',
    duration_seconds: 'durationSeconds',
    warning_at: 'warningAt',
    critical_at: 'criticalAt',
    inferred: 'inferred',
  }),
  silences: plain({
    ...episode,
    started_at: 'startedAt',
    detected_at: 'detectedAt',
    warning_at: 'warningAt',
    critical_at: 'criticalAt',
    ended_at: 'endedAt',
    duration_seconds: 'durationSeconds',
    missed_checkins: 'missedCheckins',
  }),
  alerts: plain({
    id: 'id',
    type: 'type',
    severity: 'severity',
    status: 'status',
    cause_id: 'causeId',
    cause_started_at: 'causeStartedAt',
    triggered_at: 'triggeredAt',
    resolved_at: 'resolvedAt',
    revision: 'revision',
  }),
  manualLogs: line(
    plain({ id: 'id', recorded_at: 'recordedAt' }),
    inDegrees(temperatureIn, { temperature: number('temperatureC') }),
    plain({ note: 'note', recorded_by: 'recordedBy' }),
  ),
  correctiveActions: plain({
    id: 'id',
    alert_id: 'alertId',
    acted_at: 'actedAt',
    actor_id: 'actorId',
    description: 'description',
    action_taken: 'actionTaken',
    evidence_url: 'evidenceUrl',
    resolved_alert: 'resolvedAlert',
  }),
} satisfies Record<string, ToLine>

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

/** The place of a unit, by the names that people know. */
export type ExportedUnit = { id: string; name: string; siteName: string }

export type Cell = string | number | boolean | null
export type Line = Record<string, Cell>

type Nullable<K extends string> = Record<K, number | null>

export type ReadingRow = Nullable<
  'temperatureC' | 'humidity' | 'batteryPercent' | 'batteryVolts' | 'rssi' | 'snr'
> & {
  recordedAt: Date
  receivedAt: Date
  deviceId: string
  doorOpen: boolean | null
  gatewayId: string | null
  fault: boolean
  history: boolean
  simulated: boolean
}

export type RollupRow = RollupSums &
  Nullable<'minC' | 'maxC' | 'humidityMin' | 'humidityMax'> &
  Record<
    | 'secondsAbove'
    | 'secondsBelow'
    | 'degreeMinutesAboveC'
    | 'degreeMinutesBelowC'
    | 'readingsOutOfRange'
    | 'doorOpenings'
    | 'doorOpenSeconds'
    | 'revision',
    number
  > & { granularity: string; isFinal: boolean }

const place = (unit: ExportedUnit): Line => ({ site: unit.siteName, unit: unit.name, unit_id: unit.id })

export function readingLine(unit: ExportedUnit, row: ReadingRow, degrees: TemperatureUnit): Line {
  return {
    ...place(unit),
    recorded_at: row.recordedAt.toISOString(),
    received_at: row.receivedAt.toISOString(),
    device_id: row.deviceId,
    [`temperature_${degrees.toLowerCase()}`]: inDegrees(degrees, row.temperatureC),
    humidity_percent: row.humidity,
    door_open: row.doorOpen,
    battery_percent: row.batteryPercent,
    battery_volts: row.batteryVolts,
    rssi_dbm: row.rssi,
    snr_db: row.snr,
    gateway_id: row.gatewayId,
    fault: row.fault,
    history: row.history,
    simulated: row.simulated,
  }
}

export function rollupLine(unit: ExportedUnit, row: RollupRow, degrees: TemperatureUnit): Line {
  const suffix = degrees.toLowerCase()
  return {
    ...place(unit),
    granularity: row.granularity.toLowerCase(),
    window_start: row.start.toISOString(),
    window_end: row.end.toISOString(),
    is_final: row.isFinal,
    revision: row.revision,
    readings: row.count,
    [`min_${suffix}`]: inDegrees(degrees, row.minC),
    [`max_${suffix}`]: inDegrees(degrees, row.maxC),
    [`mean_${suffix}`]: inDegrees(degrees, meanC(row)),
    [`time_weighted_mean_${suffix}`]: inDegrees(degrees, timeWeightedMeanC(row)),
    [`mkt_${suffix}`]: inDegrees(degrees, meanKineticC(row)),
    coverage: coverage(row),
    known_seconds: row.knownSeconds,
    seconds_above: row.secondsAbove,
    seconds_below: row.secondsBelow,
    [`degree_minutes_above_${suffix}`]: differenceIn(degrees, row.degreeMinutesAboveC),
    [`degree_minutes_below_${suffix}`]: differenceIn(degrees, row.degreeMinutesBelowC),
    readings_out_of_range: row.readingsOutOfRange,
    door_openings: row.doorOpenings,
    door_open_seconds: row.doorOpenSeconds,
    humidity_mean_percent: humidityMean(row),
    humidity_min_percent: row.humidityMin,
    humidity_max_percent: row.humidityMax,
  }
}

const inDegrees = (degrees: TemperatureUnit, celsius: number | null): number | null =>
  celsius === null ? null : temperatureIn(degrees, celsius)

// The devices of a unit as things that need care themselves: their batteries, faults, calibrations and silences are causes
// of alerts. A device that leaves the unit takes its causes along.
import type { UnitDevice } from '../schemas/generated/types.ts'
import { causesOf, endAlert } from './alert.ts'
import { judgeBatteryAgain, takeBattery } from './battery.ts'
import { calibrationDueMs, fireCalibration } from './calibration.ts'
import { fireDeviceSilences, hear, takeDeviceCheckin } from './device-silence.ts'
import { type FoldContext, isValidAt } from './fold-context.ts'
import type { Observation, Sensor, UnitFold } from './fold-state.ts'
import type { Limits } from './limits.ts'
import { judgeFaultAgain, takeTemperatureOf, watchesValues } from './sensor-fault.ts'

const newSensor = (deviceId: string): Sensor => ({
  deviceId,
  run: null,
  battery: null,
  fault: null,
  calibration: null,
  seenMs: null,
  silence: null,
})

function sensorOf(fold: UnitFold, deviceId: string): Sensor {
  let sensor = fold.sensors.find((known) => known.deviceId === deviceId)
  if (sensor === undefined) {
    sensor = newSensor(deviceId)
    fold.sensors.push(sensor)
    // In one order, whichever was heard first: a repeated fold may hear them in another.
    fold.sensors.sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1))
  }
  return sensor
}

/** An observation at the fold's position, as far as it tells of its device. */
export function takeSensor(fold: UnitFold, context: FoldContext, observation: Observation): void {
  const { deviceId, temperatureC, fault, batteryPercent, batteryVolts } = observation
  const limits = fold.limits
  const isWatched = context.watchesSilence && !observation.history && hear(fold, context, deviceId)
  const known = fold.sensors.length > 0 && fold.sensors.some((sensor) => sensor.deviceId === deviceId)
  const tells = fault || (temperatureC !== null && watchesValues(limits)) || isLow(observation, limits)
  if (!known && !tells && !isWatched) return
  const sensor = sensorOf(fold, deviceId)
  if (fault || temperatureC !== null) takeTemperatureOf(sensor, fold, context, observation)
  if (batteryPercent !== null || batteryVolts !== null) takeBattery(sensor, fold, context, observation)
  if (isWatched) takeDeviceCheckin(sensor, fold, context)
}

const isLow = ({ batteryPercent, batteryVolts }: Observation, limits: Limits): boolean =>
  (batteryPercent !== null && batteryPercent <= limits.lowBatteryPercent) ||
  (batteryVolts !== null && batteryVolts <= limits.lowBatteryVolts)

/** After the observations of an instant: who is here, whose calibration is over. */
export function fireSensors(fold: UnitFold, context: FoldContext): void {
  const limits = fold.limits
  for (const device of context.devices) fireDevice(fold, context, limits, device)
  if (fold.sensors.length === 0) return
  if (context.devices.length > 0) leave(fold, context)
  fireDeviceSilences(fold, context)
  const isIdle = (sensor: Sensor): boolean =>
    sensor.seenMs === null &&
    (sensor.run === null || !watchesValues(limits)) &&
    causesOf(sensor).every((cause) => cause === null)
  if (fold.sensors.some(isIdle)) fold.sensors = fold.sensors.filter((sensor) => !isIdle(sensor))
}

function fireDevice(fold: UnitFold, context: FoldContext, limits: Limits, device: UnitDevice): void {
  const { deviceId, calibrationValidUntil } = device
  if (!isValidAt(device, fold.positionMs)) return
  const known = fold.sensors.find((sensor) => sensor.deviceId === deviceId)
  const isDue = fold.positionMs >= calibrationDueMs(calibrationValidUntil, limits)
  if (!isDue && known?.calibration == null) return
  fireCalibration(known ?? sensorOf(fold, deviceId), fold, context, { calibrationValidUntil, isDue })
}

function leave(fold: UnitFold, context: FoldContext): void {
  const { devices } = context
  for (const sensor of fold.sensors) {
    const isHere = devices.some(
      (device) => device.deviceId === sensor.deviceId && isValidAt(device, fold.positionMs),
    )
    if (!isHere) endAll(sensor, fold, context)
  }
}

function endAll(sensor: Sensor, fold: UnitFold, context: FoldContext): void {
  for (const cause of causesOf(sensor)) if (cause !== null) endAlert(context, cause, fold.positionMs)
  Object.assign(sensor, newSensor(sensor.deviceId))
}

/** At `validFrom` what is open is judged again: a version may end it, never start it. */
export function judgeSensorsAgain(fold: UnitFold, context: FoldContext): void {
  for (const sensor of fold.sensors) {
    judgeBatteryAgain(sensor, fold, context)
    judgeFaultAgain(sensor, fold, context)
  }
}

/** The next instant at which a device comes, leaves, or needs calibrating. */
export function sensorsDueMs({ devices }: FoldContext, positionMs: number, limits: Limits): number {
  let dueMs = Number.POSITIVE_INFINITY
  const take = (ms: number | null): void => {
    if (ms !== null && ms > positionMs && ms < dueMs) dueMs = ms
  }
  for (const { validFrom, validUntil, calibrationValidUntil } of devices) {
    take(validFrom)
    take(validUntil)
    take(calibrationDueMs(calibrationValidUntil, limits))
  }
  return dueMs
}

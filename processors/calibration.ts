// Calibration due: from some days before a device's calibration ends, to a version of its assignment with a later one.
// By timer: it waits for no reading, and a silent device is due all the same.
import { endAlert } from './alert.ts'
import { type FoldContext, openCondition } from './fold-context.ts'
import type { Sensor, UnitFold } from './fold-state.ts'
import type { Limits } from './limits.ts'

export const calibrationDueMs = (validUntilMs: number | null, { calibrationNoticeMs }: Limits): number =>
  validUntilMs === null ? Number.POSITIVE_INFINITY : validUntilMs - calibrationNoticeMs

/** Under the version of the assignment that is valid at the fold's position. What is due stays due with less notice. */
export function fireCalibration(
  sensor: Sensor,
  fold: UnitFold,
  context: FoldContext,
  { calibrationValidUntil, isDue }: { calibrationValidUntil: number | null; isDue: boolean },
): void {
  const tag = `${calibrationValidUntil}|${sensor.deviceId}`
  if (sensor.calibration !== null && sensor.calibration.tag !== tag) {
    endAlert(context, sensor.calibration, fold.positionMs)
    sensor.calibration = null
  }
  if (isDue) sensor.calibration ??= openCondition(fold, context, 'calibration', { tag })
}

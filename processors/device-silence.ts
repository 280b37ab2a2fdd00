// Silence of one device while others of its unit are heard: shown by the first of their check-ins that comes when its own limit
// has passed. So it waits for no timer, and where all fall silent together it is the unit's silence, and nobody else's. Nor do
// those that come back a little later count as silent: time in which no device was heard is none of theirs.
//
//          another device checks in, and the limit has passed
//   heard ────────────────────────────────────────────────────────────▶ silent
//     ▲                                                                    │
//     └── its own check-in, it leaves the unit, nothing limits it any more ┘
import { endAlert } from './alert.ts'
import { type FoldContext, isValidAt, openCondition } from './fold-context.ts'
import type { Sensor, UnitFold } from './fold-state.ts'

/** The device's own limit, else the rule's; Infinity: its silence is not watched. */
function silentMs(fold: UnitFold, context: FoldContext, deviceId: string): number {
  for (const device of context.devices) {
    if (device.silentMinutes === null || device.deviceId !== deviceId) continue
    if (isValidAt(device, fold.positionMs)) return Math.round(device.silentMinutes * 60_000)
  }
  return fold.limits.deviceSilentMs
}

/** A check-in of any device: to those that are watched it is one of the others. True: it is watched itself. */
export function hear(fold: UnitFold, context: FoldContext, deviceId: string): boolean {
  const { heard, positionMs } = fold
  const limitMs = silentMs(fold, context, deviceId)
  const isWatched = limitMs !== Number.POSITIVE_INFINITY
  if (heard !== null) {
    if (positionMs - heard.lastMs >= limitMs) heard.sinceMs = positionMs
    heard.lastMs = positionMs
  } else if (isWatched) fold.heard = { lastMs: positionMs, sinceMs: positionMs }
  return isWatched
}

export function takeDeviceCheckin(sensor: Sensor, fold: UnitFold, context: FoldContext): void {
  sensor.seenMs = fold.positionMs
  endSilence(sensor, fold, context)
}

/** After the observations of an instant: who checked in shows who did not. A longer limit ends no silence, none does. */
export function fireDeviceSilences(fold: UnitFold, context: FoldContext): void {
  const { sensors, positionMs, heard } = fold
  if (heard === null) return
  for (const sensor of sensors) {
    const { deviceId, seenMs } = sensor
    if (seenMs === null) continue
    const limitMs = silentMs(fold, context, deviceId)
    if (limitMs === Number.POSITIVE_INFINITY) {
      sensor.seenMs = null
      endSilence(sensor, fold, context)
    } else if (heard.lastMs === positionMs && sensor.silence === null) {
      if (positionMs - Math.max(seenMs, heard.sinceMs) < limitMs) continue
      const cause = { atMs: seenMs, tag: `silent|${deviceId}` }
      sensor.silence = openCondition(fold, context, 'device-silence', cause)
    }
  }
  if (sensors.every(({ seenMs }) => seenMs === null)) fold.heard = null
}

function endSilence(sensor: Sensor, fold: UnitFold, context: FoldContext): void {
  if (sensor.silence !== null) endAlert(context, sensor.silence, fold.positionMs)
  sensor.silence = null
}

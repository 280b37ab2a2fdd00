// Low battery, with hysteresis: a battery near its limit reports a little more when it is warm, and a little less when the
// radio has just sent.
//
//         level ≤ limit                  level ≥ limit + hysteresis
//   fine ───────────────▶ low ─────────────────────────────────────▶ fine
import { endAlert } from './alert.ts'
import { type FoldContext, openCondition } from './fold-context.ts'
import type { Observation, Sensor, UnitFold } from './fold-state.ts'
import type { Limits } from './limits.ts'

type Measure = 'percent' | 'volts'

type Bounds = { low: number; recovered: number }

const boundsOf: Record<Measure, (limits: Limits) => Bounds> = {
  percent: ({ lowBatteryPercent: low, batteryHysteresisPercent }) => ({
    low,
    recovered: low + batteryHysteresisPercent,
  }),
  volts: ({ lowBatteryVolts: low, batteryHysteresisVolts }) => ({
    low,
    recovered: low + batteryHysteresisVolts,
  }),
}

const measures: readonly Measure[] = ['percent', 'volts']

/** A device may report both; the one that showed a low battery shows its recovery, too. */
export function takeBattery(
  sensor: Sensor,
  fold: UnitFold,
  context: FoldContext,
  { batteryPercent, batteryVolts }: Observation,
): void {
  const levels: Record<Measure, number | null> = { percent: batteryPercent, volts: batteryVolts }
  const limits = fold.limits
  if (sensor.battery !== null) {
    const level = levels[measureOf(sensor.battery.tag)]
    if (level !== null) sensor.battery.level = level
    judgeBatteryAgain(sensor, fold, context)
    if (sensor.battery !== null) return
  }
  for (const measure of measures) {
    const level = levels[measure]
    if (level === null || level > boundsOf[measure](limits).low) continue
    const tag = `${measure}|${sensor.deviceId}`
    sensor.battery = openCondition(fold, context, 'battery', { tag, level })
    return
  }
}

const measureOf = (tag: string): Measure => (tag.startsWith('volts') ? 'volts' : 'percent')

/** Also where a limit that is not set any more lets everything recover. */
export function judgeBatteryAgain(sensor: Sensor, fold: UnitFold, context: FoldContext): void {
  const { battery } = sensor
  if (battery === null || battery.level === null) return
  if (battery.level < boundsOf[measureOf(battery.tag)](fold.limits).recovered) return
  endAlert(context, battery, fold.positionMs)
  sensor.battery = null
}

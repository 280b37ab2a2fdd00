// Whether this process keeps up: how late its timers are. While requests pile up in front of it, an early 503 costs
// nothing, and an answer after the sender's time-out is worth nothing.

export type Pressure = { isTooHigh(): boolean; stop(): void }

const tickMs = 50
/** Half of what a sender waits. */
const lateMaxMs = 2_500

export function watchPressure(clockMs: () => number): Pressure {
  let lateMs = 0
  let dueMs = clockMs() + tickMs
  const timer = setInterval(() => {
    lateMs = Math.max(0, clockMs() - dueMs)
    dueMs = clockMs() + tickMs
  }, tickMs)
  timer.unref()
  return { isTooHigh: () => lateMs > lateMaxMs, stop: () => clearInterval(timer) }
}

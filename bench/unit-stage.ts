// How many observations a second the unit stage takes alone, in order and on one core.
import { fridge, minutes, reading } from '../processors/unit-driver.ts'
import { unitStage } from '../processors/unit-stage.ts'

const UNITS = 100
const ROUNDS = 4000

const config = fridge({
  tempMin: 2,
  tempMax: 8,
  excursionConfirmMinutesDoorClosed: 15,
  expectedReadingIntervalSeconds: 600,
  offlineTriggerMultiplier: 3,
})

function measure(roundsASettling: number): string {
  const stage = unitStage()
  let records = 0
  const emit = (): void => {
    records++
  }
  const states = Array.from({ length: UNITS }, (_, unit) => stage.initial(`unit ${unit}`))
  for (const state of states) stage.onRecord(state, { topic: 'unit-configs', value: config }, emit)
  const startMs = performance.now()
  for (let round = 0; round < ROUNDS; round++) {
    states.forEach((state, unit) => {
      const at = round * minutes(10) + unit
      const value = reading({ at, temperature: 5 + 2 * Math.sin(round / 17 + unit), humidity: 40 })
      stage.onRecord(state, { topic: 'readings', value }, emit)
      if (round % roundsASettling !== 0) return
      stage.settle(state, at, emit)
      stage.nextTimerMs(state)
    })
  }
  const perSecond = (UNITS * ROUNDS * 1000) / (performance.now() - startMs)
  return `${Math.round(perSecond)} observations/s, ${records} records out, settled every ${roundsASettling}`
}

export function run(): void {
  for (const roundsASettling of [50, 1, 10, 50]) process.stdout.write(`${measure(roundsASettling)}\n`)
}

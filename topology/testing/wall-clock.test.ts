// A wall clock that was set hours ahead, and right again: what timers made of it is gone once the time has come.
import { expect, test } from 'vitest'
import { noRule } from '../../processors/limits.ts'
import { unitStage } from '../../processors/unit-stage.ts'
import { TestDriver } from '../test-driver.ts'
import { readingOf, uplinkOf } from './counting.ts'

const MINUTE_MS = 60_000
const startMs = Date.parse('2026-02-01T10:00:00Z')
const at = (minutes: number) => startMs + minutes * MINUTE_MS
const unitId = 'unit-0'

const rule = { expectedReadingIntervalSeconds: 600, offlineTriggerMultiplier: 3 }

function lived(aheadMinutes: number): string[] {
  const driver = new TestDriver(unitStage())
  const of = { unitId, organizationId: 'o', siteId: 's', timeZone: 'UTC', devices: [] }
  driver.pipe('unit-configs', { ...of, versions: [{ ...noRule, ...rule, validFrom: 0 }] })
  for (let minutes = 0; minutes <= 600; minutes += 10) {
    driver.pipe('readings', { ...readingOf(uplinkOf('A', 0, at(minutes)), 4), unitId, kind: 'temperature' })
    driver.advanceTo(at(minutes === 100 ? minutes + aheadMinutes : minutes))
  }
  driver.advanceTo(at(900))
  return [...lastOf(driver)].sort()
}

function* lastOf(driver: TestDriver): Generator<string> {
  const last = new Map(driver.drain('silences').map((silence) => [silence.id, silence]))
  for (const { state, startedAt, endedAt } of last.values())
    if (state !== 'retracted') yield `${state} ${startedAt} ${endedAt}`
}

test('five hours ahead for a moment, the silences are those of a clock that was right', () => {
  expect(lived(300)).toEqual(lived(0))
  expect(lived(0)).toHaveLength(1) // after the last reading
})

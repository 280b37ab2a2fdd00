import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Uplink } from '../schemas/generated/types.ts'
import type { Fate } from './memory-runtime.ts'
import { encoded, TestDriver } from './test-driver.ts'
import { counting, LATENT_POISON, minutes, POISON, readingOf, spread, uplinkOf } from './testing/counting.ts'

const at = (text: string): number => Date.parse(`2026-02-01T${text}:00Z`)
const sensor = (fCnt: number, time: string, payload?: Buffer): Uplink =>
  uplinkOf('A', fCnt * 7, at(time), payload)

test('a minute is told by the timer once the clock has passed it, without a next reading', () => {
  const driver = new TestDriver(counting)
  driver.pipe('uplinks', sensor(0, '10:00'), sensor(1, '10:00'))
  expect(driver.drain('rollups')).toEqual([])
  driver.advanceTo('2026-02-01T10:00:59.999Z')
  expect(driver.drain('rollups')).toEqual([])
  driver.advanceTo('2026-02-01T10:01:00Z')
  expect(driver.drain('rollups')).toMatchObject([{ start: at('10:00'), count: 2, sum: 3 }])
})

test('the clock stays below the newest event, because others may carry the same instant', () => {
  const driver = new TestDriver(counting)
  driver.pipe('uplinks', sensor(0, '10:00'), sensor(1, '10:01'))
  expect(driver.drain('rollups')).toEqual([])
  driver.pipe('uplinks', uplinkOf('A', 14, at('10:01') + 1))
  expect(driver.drain('rollups')).toMatchObject([{ start: at('10:00'), count: 1 }])
})

test('a table is read before the stream', () => {
  const assigned = {
    validFrom: 0,
    organizationId: 'o',
    unitId: null,
    kind: null,
    vendor: null,
    model: null,
    probe: null,
    calibrationOffset: 100,
    calibrationValidUntil: null,
    openIs: null,
  }
  const driver = new TestDriver(spread)
  driver.pipe('devices', { devEui: 'A', deviceId: 'a', versions: [assigned] })
  driver.pipe('uplinks', sensor(0, '10:00'))
  expect(driver.drain('readings')).toMatchObject([{ temperature: 101 }])
})

test('the state survives a restart through the changelog, timers included', () => {
  const driver = new TestDriver(counting)
  driver.pipe('uplinks', sensor(0, '10:00')).restart()
  driver.pipe('uplinks', sensor(1, '10:00')).restart().advanceTo(at('10:01'))
  expect(driver.drain('rollups')).toMatchObject([{ count: 2, sum: 3, revision: 0 }])
})

test('a record that the processor refuses goes to dead-letters whole, and leaves no trace in the state', () => {
  const driver = new TestDriver(counting)
  driver.pipe('uplinks', sensor(0, '10:00'), sensor(1, '10:00', POISON), sensor(2, '10:00'))
  const readings = driver.drain('readings')
  expect(readings.map((r) => r.temperature)).toEqual([1, 2])
  const [letter] = driver.drain('dead-letters')
  expect(letter).toMatchObject({ code: 'PROCESSOR_THREW', source: 'uplinks', partition: 0, offset: 1 })
  expect(letter?.value).toEqual(encoded('uplinks', sensor(1, '10:00', POISON)))
  expect(letter?.explanation).toContain('the payload is poison')
})

test('a record that breaks the settling of its key is found and put aside, its neighbours stay', () => {
  const driver = new TestDriver(spread)
  driver.pipe('uplinks', sensor(0, '10:00'), sensor(1, '10:00', LATENT_POISON), sensor(2, '10:00'))
  expect(driver.drain('readings').map((r) => r.temperature)).toEqual([1, 2])
  expect(driver.drain('dead-letters')).toMatchObject([{ code: 'PROCESSOR_THREW', offset: 1 }])
  expect(driver.newest('late-readings').get('A')).toMatchObject({ recordedAt: 2 })
})

test('a key whose only record is poison gets no state', () => {
  const driver = new TestDriver(spread)
  driver.pipe('uplinks', sensor(0, '10:00', LATENT_POISON))
  expect(driver.drain('late-readings')).toEqual([])
  expect(driver.drain('readings')).toEqual([])
  expect(driver.drain('dead-letters')).toHaveLength(1)
})

test('a state whose timer fails is reported once and stops nobody else', () => {
  const driver = new TestDriver({
    ...minutes,
    settle(state, clockMs, emit) {
      if (state.unitId === 'broken' && state.open.size > 0 && clockMs >= at('10:01'))
        throw new Error('broken')
      minutes.settle(state, clockMs, emit)
    },
  } satisfies typeof minutes)
  const reading = readingOf(sensor(0, '10:00'), 1)
  driver.pipe('readings', { ...reading, unitId: 'broken' }, { ...reading, unitId: 'sound' })
  driver.advanceTo(at('10:01')).advanceTo(at('10:02'))
  expect(driver.drain('rollups')).toMatchObject([{ unitId: 'sound', count: 1 }])
  expect(driver.drain('dead-letters')).toMatchObject([{ code: 'PROCESSOR_THREW', source: 'unit-configs' }])
})

test('bytes that are no record, and a record without a key, become dead letters with their headers', () => {
  const driver = new TestDriver(spread)
  driver.pipeBytes('uplinks', 'A', Buffer.from('{"json":true}'), { via: 'curl' })
  driver.pipeBytes('uplinks', null, encoded('uplinks', sensor(0, '10:00')))
  driver.pipe('uplinks', sensor(1, '10:00'))
  expect(driver.drain('dead-letters')).toMatchObject([
    { code: 'RECORD_NOT_FRAMED', value: Buffer.from('{"json":true}'), headers: { via: 'curl' } },
    { code: 'RECORD_WITHOUT_KEY', key: null },
  ])
  expect(driver.drain('readings')).toHaveLength(1)
})

/** What a run comes to, whatever the order in which partitions were handled. */
function outcome(driver: TestDriver): string[] {
  const rollups = driver.drain('rollups').map((r) => [r.unitId, r.start, r.count, r.sum, r.revision].join())
  return rollups.sort()
}

const uplinks = fc
  .array(fc.tuple(fc.constantFrom('A', 'B', 'C', 'D', 'E'), fc.integer({ min: 0, max: 90 })), {
    maxLength: 60,
  })
  .map((steps) => {
    let timeMs = at('10:00')
    return steps.map(([devEui, seconds], i) => {
      timeMs += seconds * 1_000
      return uplinkOf(devEui, i, timeMs)
    })
  })

test('aborts, crashes, commit sizes and partition counts change nothing', () => {
  const fates = fc.array(fc.constantFrom<Fate>('commit', 'abort', 'crash'), { minLength: 1, maxLength: 40 })
  const whole = (input: readonly Uplink[]) =>
    outcome(new TestDriver(counting).pipe('uplinks', ...input).advanceTo(at('23:00')))
  fc.assert(
    fc.property(
      uplinks,
      fates,
      fc.nat(4),
      fc.integer({ min: 1, max: 9 }),
      (input, plan, extra, recordsPerCommit) => {
        const driver = new TestDriver(counting, {
          partitions: 1 + extra,
          recordsPerCommit,
          fate: (commit) => plan[commit] ?? 'commit',
        })
        for (let i = 0; i < input.length; i += 11) driver.pipe('uplinks', ...input.slice(i, i + 11))
        expect(outcome(driver.advanceTo(at('23:00')))).toEqual(whole(input))
      },
    ),
  )
})

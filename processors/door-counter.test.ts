import { expect, test } from 'vitest'
import { fridge, type Sample, UnitDriver } from './unit-driver.ts'

/** How many openings were inferred of these reports: time, open or not, count. */
function inferred(...reports: [time: string, doorOpen: boolean, count: number | null][]): number {
  const samples = reports.map(
    ([time, doorOpen, doorOpenCount]): Sample => ({ at: time, doorOpen, doorOpenCount }),
  )
  const driver = new UnitDriver(fridge({})).pipe(...samples).lookAt('23:00')
  return driver.last('door-openings').filter((opening) => opening.inferred).length
}

test('an opening that was reported without a count is one that the next count has', () => {
  expect(inferred(['10:00', false, 7], ['10:10', true, null], ['10:11', false, 8])).toBe(0)
  expect(inferred(['10:00', false, 7], ['10:10', true, null], ['10:11', false, 9])).toBe(1)
})

test('an opening whose count comes with its end is seen, also where it is the first report of all', () => {
  expect(inferred(['10:00', true, 7], ['10:05', false, 8])).toBe(0)
  expect(inferred(['10:00', true, 7], ['10:05', false, 9])).toBe(1)
})

test('what was seen and counted hides no edge that is lost later', () => {
  const counted: [string, boolean, number][] = [
    ['10:00', false, 7],
    ['10:10', true, 8],
    ['10:11', false, 8],
  ]
  expect(inferred(...counted, ['11:00', false, 9])).toBe(1)
})

test('a hundred lost edges are a door, more are another counter', () => {
  expect(inferred(['10:00', false, 7], ['11:00', false, 107])).toBe(100)
  expect(inferred(['10:00', false, 7], ['11:00', false, 108])).toBe(0)
  expect(inferred(['10:00', true, 7], ['11:00', false, 107])).toBe(99)
})

test('after a reset it counts on from there', () => {
  expect(inferred(['10:00', false, 700], ['11:00', false, 2], ['12:00', false, 3])).toBe(1)
})

import { expect, test } from 'vitest'
import {
  advance,
  compartment,
  type Influences,
  startState,
  type ThermalState,
  type UnitType,
} from './thermal.ts'

const stepMinutes = 1 / 6
const calm: Influences = { outsideC: 22, doorOpen: false, canCool: true, isDefrosting: false }

function run(
  type: UnitType,
  limits: [number, number],
  minutes: number,
  influences: (minute: number) => Partial<Influences>,
  from?: ThermalState,
): ThermalState[] {
  const unit = compartment(type, ...limits)
  const states = [from ?? startState(unit)]
  for (let minute = 0; minute < minutes; minute += stepMinutes)
    states.push(advance(states.at(-1)!, unit, { ...calm, ...influences(minute) }, stepMinutes))
  return states
}

const demoUnits: [UnitType, [number, number]][] = [
  ['fridge', [2, 8]],
  ['fridge', [1, 5]],
  ['display_case', [-1, 3]],
  ['walk_in_cooler', [0, 4]],
  ['blast_chiller', [-5, 8]],
  ['freezer', [-28, -18]],
  ['walk_in_freezer', [-26, -18]],
]

test.each(demoUnits)('a %s with %j keeps to its limits by itself, cycling', (type, limits) => {
  const states = run(type, limits, 24 * 60, () => ({}))
  const settled = states.slice(600)
  expect(Math.max(...settled.map(({ sensorC }) => sensorC))).toBeLessThan(limits[1])
  expect(Math.min(...settled.map(({ sensorC }) => sensorC))).toBeGreaterThan(limits[0])
  const starts = settled.filter(({ isCooling }, i) => isCooling && settled[i - 1]?.isCooling === false)
  expect(starts.length).toBeGreaterThan(24)
  expect(starts.length).toBeLessThan(24 * 30)
})

test.each(demoUnits)(
  'a %s with %j warms towards the outside without a compressor, never past it',
  (type, limits) => {
    const before = run(type, limits, 600, () => ({})).at(-1)!
    const states = run(type, limits, 72 * 60, () => ({ canCool: false }), before)
    const hourly = states.filter((_, i) => i % 360 === 0).map(({ sensorC }) => sensorC)
    expect(hourly.every((sensorC, i) => i === 0 || sensorC > hourly[i - 1]!)).toBe(true)
    expect(hourly.at(-1)!).toBeLessThan(calm.outsideC)
    expect(hourly[6]!).toBeGreaterThan(limits[1])
    expect(hourly.at(-1)!).toBeGreaterThan(calm.outsideC - 12)
  },
)

test('an open door warms, a closed one lets it recover', () => {
  const states = run('fridge', [2, 8], 240, (minute) => ({ doorOpen: minute >= 60 && minute < 90 }))
  const at = (minute: number) => states[Math.round(minute / stepMinutes)]!.sensorC
  expect(at(90)).toBeGreaterThan(at(60) + 4)
  expect(at(239)).toBeLessThan(at(90) - 4)
})

test('half a minute of open door is felt, and is no danger', () => {
  const states = run('fridge', [2, 8], 120, (minute) => ({ doorOpen: minute >= 60 && minute < 60.5 }))
  expect(Math.max(...states.map(({ sensorC }) => sensorC))).toBeLessThan(8)
})

test('a defrost is felt, and stays inside the limits', () => {
  const { defrost } = compartment('walk_in_freezer', -26, -18)
  const states = run('walk_in_freezer', [-26, -18], 300, (minute) => ({
    isDefrosting: minute >= 120 && minute < 120 + defrost!.forMinutes,
  }))
  const before = Math.max(...states.slice(600, 720).map(({ sensorC }) => sensorC))
  const peak = Math.max(...states.slice(720).map(({ sensorC }) => sensorC))
  expect(peak).toBeGreaterThan(before + 0.5)
  expect(peak).toBeLessThan(-18)
})

test('a fridge has no defrost', () => {
  expect(compartment('fridge', 2, 8).defrost).toBe(null)
})

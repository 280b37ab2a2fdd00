/**
 * Rollups by cutting the unit's timeline at every border there is (hours, readings, lapses, versions, door changes) and
 * putting each piece into its local hour. Days are sums of hours; weeks and months are sums of days.
 */
import { type Calendar, spanAt } from './local-time.ts'
import type { Opening } from './model-door.ts'
import { sideOf } from './model-excursion.ts'
import { type Rules, ruleAt } from './model-rules.ts'
import { knownPieces, readingsOf } from './model-series.ts'
import { isoOf, type Output, type Sample, type Span } from './model-types.ts'

type Sums = {
  count: number
  sum: number
  sumSquares: number
  knownSeconds: number
  weightedSum: number
  mktNumerator: number
  secondsAbove: number
  secondsBelow: number
  degreeMinutesAbove: number
  degreeMinutesBelow: number
  readingsOutOfRange: number
  doorOpenings: number
  doorOpenSeconds: number
  humidityCount: number
  humiditySum: number
}
type Extremes = { min: number; max: number; humidityMin: number; humidityMax: number }
type Window = Span & { sums: Sums; extremes: Extremes }

const KELVIN = 273.15
const ACTIVATION_K = 10_000

function emptyWindow({ startMs, endMs }: Span): Window {
  const [most, least] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const sums: Sums = {
    count: 0,
    sum: 0,
    sumSquares: 0,
    knownSeconds: 0,
    weightedSum: 0,
    mktNumerator: 0,
    secondsAbove: 0,
    secondsBelow: 0,
    degreeMinutesAbove: 0,
    degreeMinutesBelow: 0,
    readingsOutOfRange: 0,
    doorOpenings: 0,
    doorOpenSeconds: 0,
    humidityCount: 0,
    humiditySum: 0,
  }
  return { startMs, endMs, sums, extremes: { min: most, max: least, humidityMin: most, humidityMax: least } }
}

function addReading({ sums, extremes }: Window, { temperature, humidity, atMs }: Sample, rules: Rules): void {
  if (temperature !== null) {
    sums.count += 1
    sums.sum += temperature
    sums.sumSquares += temperature * temperature
    sums.readingsOutOfRange += sideOf(temperature, ruleAt(rules, atMs)) === null ? 0 : 1
    extremes.min = Math.min(extremes.min, temperature)
    extremes.max = Math.max(extremes.max, temperature)
  }
  if (humidity !== null) {
    sums.humidityCount += 1
    sums.humiditySum += humidity
    extremes.humidityMin = Math.min(extremes.humidityMin, humidity)
    extremes.humidityMax = Math.max(extremes.humidityMax, humidity)
  }
}

function addKnownTime(windowAt: (atMs: number) => Window, stored: Sample[], world: RollupWorld): void {
  const span = { startMs: world.fromMs, endMs: world.clockMs }
  const borders = world.calendar.hours.map((hour) => hour.startMs)
  for (const { startMs, endMs, value, rule } of knownPieces(readingsOf(stored), world.rules, span, borders)) {
    const { sums } = windowAt(startMs)
    const seconds = (endMs - startMs) / 1000
    const [above, below] = [Math.max(0, value - rule.tempMax), Math.max(0, rule.tempMin - value)]
    sums.knownSeconds += seconds
    sums.weightedSum += value * seconds
    sums.mktNumerator += seconds * Math.exp(-ACTIVATION_K / (value + KELVIN))
    sums.secondsAbove += above > 0 ? seconds : 0
    sums.secondsBelow += below > 0 ? seconds : 0
    sums.degreeMinutesAbove += (above * seconds) / 60
    sums.degreeMinutesBelow += (below * seconds) / 60
  }
}

function addDoor(
  windowAt: (atMs: number) => Window,
  hours: Span[],
  openings: Opening[],
  clockMs: number,
): void {
  for (const { openedMs, closedMs } of openings) {
    windowAt(openedMs).sums.doorOpenings += 1
    const untilMs = closedMs ?? clockMs
    for (const hour of hours) {
      const openMs = Math.min(hour.endMs, untilMs) - Math.max(hour.startMs, openedMs)
      if (openMs > 0) windowAt(hour.startMs).sums.doorOpenSeconds += openMs / 1000
    }
  }
}

function exists({ sums }: Window): boolean {
  const traces = [sums.knownSeconds, sums.count, sums.humidityCount, sums.doorOpenings, sums.doorOpenSeconds]
  return traces.some((trace) => trace > 0)
}

/** Parts are folded in time order, so that a day is exactly the sum of its hours. */
function summed(spans: Span[], parts: Window[]): Window[] {
  const wholes = spans.map(emptyWindow)
  for (const part of parts) {
    const whole = spanAt(wholes, part.startMs)
    for (const name of Object.keys(whole.sums) as (keyof Sums)[]) whole.sums[name] += part.sums[name]
    whole.extremes = {
      min: Math.min(whole.extremes.min, part.extremes.min),
      max: Math.max(whole.extremes.max, part.extremes.max),
      humidityMin: Math.min(whole.extremes.humidityMin, part.extremes.humidityMin),
      humidityMax: Math.max(whole.extremes.humidityMax, part.extremes.humidityMax),
    }
  }
  return wholes.filter(exists)
}

function ratio(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null
}

function rollupOutput(unitId: string, granularity: string, window: Window, clockMs: number): Output {
  const { startMs, endMs, sums, extremes } = window
  const boiled = ratio(sums.mktNumerator, sums.knownSeconds)
  const finite = (value: number) => (Number.isFinite(value) ? value : null)
  return {
    topic: 'rollups',
    key: unitId,
    value: {
      granularity,
      start: isoOf(startMs),
      end: isoOf(endMs),
      ...sums,
      min: finite(extremes.min),
      max: finite(extremes.max),
      humidityMin: finite(extremes.humidityMin),
      humidityMax: finite(extremes.humidityMax),
      mean: ratio(sums.sum, sums.count),
      timeWeightedMean: ratio(sums.weightedSum, sums.knownSeconds),
      mktDenominator: sums.knownSeconds,
      mkt: boiled === null ? null : ACTIVATION_K / -Math.log(boiled) - KELVIN,
      coverage: ratio(sums.knownSeconds, (Math.min(endMs, clockMs) - startMs) / 1000),
      humidityMean: ratio(sums.humiditySum, sums.humidityCount),
    },
  }
}

export type RollupWorld = { rules: Rules; calendar: Calendar; fromMs: number; clockMs: number }

export function rollupOutputs(
  unitId: string,
  stored: Sample[],
  openings: Opening[],
  world: RollupWorld,
): Output[] {
  const { calendar, clockMs } = world
  const all = calendar.hours.map(emptyWindow)
  const windowAt = (atMs: number) => spanAt(all, atMs)
  for (const sample of stored) addReading(windowAt(sample.atMs), sample, world.rules)
  addKnownTime(windowAt, stored, world)
  addDoor(windowAt, calendar.hours, openings, clockMs)
  const hours = all.filter(exists)
  const days = summed(calendar.days, hours)
  const granularities: [string, Window[]][] = [
    ['hour', hours],
    ['day', days],
    ['week', summed(calendar.weeks, days)],
    ['month', summed(calendar.months, days)],
  ]
  return granularities.flatMap(([name, windows]) =>
    windows.map((window) => rollupOutput(unitId, name, window, clockMs)),
  )
}

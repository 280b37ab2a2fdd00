/**
 * Small random worlds of one unit for the second-by-second model: all instants and limits are whole seconds. Most lie on a
 * grid of minutes, so that readings, deadlines, versions and midnights coincide. The same seed gives the same world.
 */
import { type Random, random } from './worlds.ts'

export type SlowBudget = {
  name: string
  side: 'above' | 'below'
  limit: number
  atLimit: boolean
  over: 'consecutive' | 'day' | 'lot'
  lot: string | null
  minutes: number
}

/** Seconds; Infinity says never, unlimited, or no limit. */
export type SlowRule = {
  fromS: number
  tempMin: number
  tempMax: number
  confirmClosedS: number
  confirmOpenS: number
  maskS: number
  maxS: number
  doorWarningS: number
  doorCriticalS: number
  intervalS: number
  holdS: number
  silenceWarningS: number
  silenceCriticalS: number
  delayS: number
  budgets: SlowBudget[]
}

export type SlowSample = {
  atS: number
  device: string
  temperature: number | null
  humidity: number | null
  doorOpen: boolean | null
  history: boolean
}

export type SlowWorld = {
  timeZone: string
  startS: number
  /** The clock at which it is looked at. */
  endS: number
  rules: SlowRule[]
  /** In order of time and device. */
  samples: SlowSample[]
}

/** Zones with a day, a week, a month or an offset that ends within the world. */
const scenes: [timeZone: string, around: string][] = [
  ['UTC', '2026-02-28T22:00Z'],
  ['Europe/Berlin', '2026-03-28T22:00Z'],
  ['Europe/Berlin', '2026-10-25T00:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T14:00Z'],
  ['Asia/Kolkata', '2026-06-30T17:00Z'],
  ['Asia/Beirut', '2026-03-28T20:00Z'],
]

const NEVER = Number.POSITIVE_INFINITY
const maybe = (r: Random, values: readonly number[], unset = NEVER): number =>
  r.chance(0.7) ? r.pick(values) : unset
const minute = (count: number): number => count * 60

function rule(r: Random, fromS: number): SlowRule {
  const confirmClosedS = maybe(r, [0, 5, 10, 15, 22].map(minute), 0)
  const intervalS = r.chance(0.85) ? r.pick([300, 433, 600, 900]) : NEVER
  const missed = (counts: readonly number[]) => (intervalS === NEVER ? NEVER : maybe(r, counts) * intervalS)
  return {
    fromS,
    tempMin: r.chance(0.7) ? r.pick([0, 2, 4]) : -NEVER,
    tempMax: maybe(r, [5, 6, 8, 10]),
    confirmClosedS,
    confirmOpenS: maybe(r, [5, 15, 30, 45].map(minute), confirmClosedS),
    maskS: maybe(r, [0, 5, 15, 31].map(minute)),
    maxS: maybe(r, [0, 10, 30, 60].map(minute)),
    doorWarningS: maybe(r, [0, 5, 12].map(minute)),
    doorCriticalS: maybe(r, [5, 10, 30].map(minute)),
    intervalS,
    holdS: intervalS === NEVER ? NEVER : intervalS * r.pick([1, 1, 2, 3]) + minute(r.pick([0, 0, 5])),
    silenceWarningS: missed([0, 2, 3, 4]),
    silenceCriticalS: missed([1, 4, 6]),
    delayS: maybe(r, [0, 5, 10, 30].map(minute), 0),
    budgets: budgets(r),
  }
}

function budgets(r: Random): SlowBudget[] {
  if (r.chance(0.5)) return []
  const names = ['first', 'second'].slice(0, 1 + r.below(2))
  return names.map((name) => {
    const over = r.pick(['consecutive', 'day', 'lot'] as const)
    return {
      ...{ name, over, side: r.pick(['above', 'above', 'below'] as const), limit: r.pick([2, 5, 8]) },
      ...{ atLimit: r.chance(0.4), lot: over === 'lot' ? r.pick(['A', 'B']) : null },
      minutes: r.pick([0, 7, 20, 45, 90]),
    }
  })
}

function sampleOf(r: Random, atS: number, device: string): SlowSample {
  return {
    atS,
    device,
    temperature: r.chance(0.8) ? r.pick([-1, 0, 2, 3, 4.25, 5, 5, 6, 8, 8.5, 9, 11]) : null,
    humidity: r.chance(0.15) ? r.pick([40, 55.5]) : null,
    doorOpen: r.chance(0.35) ? r.chance(0.5) : null,
    history: r.chance(0.12),
  }
}

export function slowWorld(seed: number): SlowWorld {
  const r = random(seed)
  const [timeZone, around] = r.pick(scenes)
  const startS = Date.parse(around) / 1000 - minute(r.below(60))
  const lengthS = minute(60 + r.below(r.chance(0.1) ? 900 : 240))
  const grid = r.pick([60, 300, 300])
  const devices = ['a', 'b', 'c'].slice(0, 1 + r.below(3))
  const found = new Map<string, SlowSample>()
  for (let atS = startS; atS < startS + lengthS; atS += grid * (1 + r.below(r.chance(0.15) ? 15 : 4))) {
    const device = r.pick(devices)
    const jitterS = r.chance(0.1) ? r.below(grid) : 0
    found.set(`${atS + jitterS} ${device}`, sampleOf(r, atS + jitterS, device))
    if (r.chance(0.1)) {
      const other = r.pick(devices)
      found.set(`${atS} ${other}`, sampleOf(r, atS, other))
    }
  }
  const samples = [...found.values()].sort((a, b) => a.atS - b.atS || (a.device < b.device ? -1 : 1))
  const starts = new Set([r.chance(0.8) ? 0 : startS + grid * r.below(20)])
  for (let more = r.below(3); more > 0; more--) starts.add(startS + grid * r.below(Math.ceil(lengthS / grid)))
  const rules = [...starts].sort((a, b) => a - b).map((fromS) => rule(r, fromS))
  const newestS = samples.at(-1)?.atS ?? startS
  return { timeZone, startS, endS: newestS + minute(r.below(120)), rules, samples }
}

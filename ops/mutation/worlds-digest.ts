// What the processors say of some hundred worlds, one digest a world: how a mutant is told apart at once. The tests hold the
// first two kinds against models that are written apart; of drawn units they only hold what must not matter.
import { createHash } from 'node:crypto'
import { noRule } from '../../processors/limits.ts'
import { type SlowRule, slowWorld } from '../../processors/testing/slow-worlds.ts'
import { random, world } from '../../processors/testing/worlds.ts'
import { hours, UnitDriver, zoned } from '../../processors/unit-driver.ts'
import { parseConfig } from '../dry-run/config.ts'
import { parseLine } from '../dry-run/observations.ts'
import { linesOf } from '../dry-run/print.ts'
import { DryRun } from '../dry-run/world.ts'
import { drawnUnit } from './drawn-units.ts'

const WORLDS = 60

function dryRun(seed: number): unknown {
  const { config, observations, asOfMs } = world(seed)
  const run = new DryRun(parseConfig(JSON.stringify(config)), asOfMs ?? null, 1 + (seed % 30))
  for (const observation of observations) run.take(parseLine(JSON.stringify(observation)))
  return linesOf(run.finish())
}

const orNull = (value: number, unit = 1): number | null => (Number.isFinite(value) ? value / unit : null)

const ruleOf = ({ fromS, tempMin, tempMax, confirmClosedS, delayS, intervalS, budgets }: SlowRule) => ({
  ...noRule,
  validFrom: fromS * 1000,
  tempMin: orNull(tempMin),
  tempMax: orNull(tempMax),
  excursionConfirmMinutesDoorClosed: confirmClosedS / 60,
  delayMinutes: delayS / 60,
  expectedReadingIntervalSeconds: orNull(intervalS),
  offlineTriggerMultiplier: 2,
  budgets,
})

/** Late samples, commits and restarts, and rules with budgets. */
function staged(seed: number): unknown {
  const { timeZone, rules, samples, endS } = slowWorld(seed)
  const r = random(seed)
  const unit = new UnitDriver(zoned(timeZone, ...rules.map(ruleOf)), { graceMs: hours(2) })
  const log = samples
    .map((sample) => ({ ...sample, arrivalS: sample.atS + (r.chance(0.7) ? 0 : r.below(7200)) }))
    .sort((a, b) => a.arrivalS - b.arrivalS)
  for (const { atS, arrivalS, ...values } of log) {
    unit.pipe({ at: atS * 1000, ...values })
    if (r.chance(0.3)) unit.advanceTo(Math.min(arrivalS, endS) * 1000 - 1)
    if (r.chance(0.1)) unit.restart()
  }
  unit.lookAt(endS * 1000)
  return Object.entries(unit.sent).map(([topic]) => unit.last(topic as keyof typeof unit.sent))
}

/** How often something was said depends on commits: a mutant that only says it again is not told apart by it. */
const content = (name: string, value: unknown): unknown => (name === 'revision' ? undefined : value)

const digestOf = (value: unknown): string =>
  createHash('sha1').update(JSON.stringify(value, content)).digest('hex')

const makers = { modelled: [dryRun, staged], drawn: [drawnUnit] }
export type WorldKind = keyof typeof makers

export function* digests(kind: WorldKind): Generator<string> {
  for (let seed = 0; seed < WORLDS; seed++) for (const make of makers[kind]) yield digestOf(make(seed))
}

// The processors against the reference model of semantics.md, which shares nothing with them, on thousands of small
// random worlds. COLDSTREAM_WORLDS=20000 runs more of them; COLDSTREAM_WORLDS_FROM starts at another seed.
import { expect, test } from 'vitest'
import { differences } from '../processors/testing/compare.ts'
import { model } from '../processors/testing/model.ts'
import { simplest, type World, world } from '../processors/testing/worlds.ts'
import { parseConfig } from './dry-run/config.ts'
import { parseLine } from './dry-run/observations.ts'
import { type Line, linesOf } from './dry-run/print.ts'
import { DryRun } from './dry-run/world.ts'

const count = Number(process.env.COLDSTREAM_WORLDS ?? 2000)
const first = Number(process.env.COLDSTREAM_WORLDS_FROM ?? 0)
/** A world takes milliseconds; making a failing one small takes hundreds of them. */
const testTimeoutMs = 60_000 + count * 50

/** As the command does it, without files, and committing as often as production may. */
function dryRun({ config, observations, asOfMs }: World): Line[] {
  const commitRecords = 1 + (observations.length % 40)
  const run = new DryRun(parseConfig(JSON.stringify(config)), asOfMs ?? null, commitRecords)
  for (const observation of observations) run.take(parseLine(JSON.stringify(observation)))
  return linesOf(run.finish())
}

/** `-` is the model's, `+` that of dry-run. */
const disagreement = (one: World): string[] =>
  differences(model(one.config, one.observations, one.asOfMs), dryRun(one))

/** Instants readable, and nothing that is not set. */
const readable = (_name: string, value: unknown): unknown => {
  if (typeof value === 'number' && value > 1e11) return new Date(value).toISOString()
  return value === null ? undefined : value
}

function told(seed: number): string {
  const small = simplest(world(seed), (candidate) => disagreement(candidate).length > 0)
  const { config, observations, asOfMs } = small
  const lines = [{ seed, asOfMs, config }, ...observations].map((line) => JSON.stringify(line, readable))
  return [...lines, ...disagreement(small)].join('\n')
}

test('dry-run says of every world what the reference model says', { timeout: testTimeoutMs }, () => {
  for (let seed = first; seed < first + count; seed++) {
    if (disagreement(world(seed)).length > 0) expect.fail(told(seed))
  }
})

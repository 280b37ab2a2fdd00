// Whole worlds, through both stages: copies and commits must leave no trace, whatever the world.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type World, world } from '../processors/testing/worlds.ts'
import { parseConfig } from './dry-run/config.ts'
import { parseLine } from './dry-run/observations.ts'
import { linesOf } from './dry-run/print.ts'
import { DryRun } from './dry-run/world.ts'

function told({ config, observations, asOfMs }: World, commitRecords = 1): unknown[] {
  const run = new DryRun(parseConfig(JSON.stringify(config)), asOfMs ?? null, commitRecords)
  for (const observation of observations) run.take(parseLine(JSON.stringify(observation)))
  return linesOf(run.finish()).map(({ topic, key, value: { revision: _, ...content } }) => ({
    topic,
    key,
    content,
  }))
}

const seeds = fc.nat({ max: 1_000_000 })

test('copies of uplinks, at once or at the end, change nothing', () => {
  fc.assert(
    fc.property(seeds, fc.nat({ max: 6 }), (seed, each) => {
      const { observations, ...rest } = world(seed)
      const doubled = observations.flatMap((one, index) =>
        index % (each + 1) === 0 ? [one, { ...one }] : [one],
      )
      const log = [...doubled, ...observations.filter((_, index) => index % 3 === 0)]
      expect(told({ ...rest, observations: log })).toEqual(told({ ...rest, observations }))
    }),
    { numRuns: 60 },
  )
})

test('whatever the size of the batches, the outcome is the same', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 2, max: 500 }), (seed, commitRecords) => {
      expect(told(world(seed), commitRecords)).toEqual(told(world(seed)))
    }),
    { numRuns: 60 },
  )
})

// The promise of the whole: same uplinks, same tables, whatever dies on the way.
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { freshDatabase, freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { chanceOf } from './simulator/random.ts'
import { type Part, type PipelineRun, startPipelineRun } from './testing/pipeline-run.ts'

const HOUR_MS = 3_600_000
const to = new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 48 * HOUR_MS)
const span = { from: new Date(to.getTime() - 8 * HOUR_MS).toISOString(), to: to.toISOString() }
const KILLS = 12

const runs: PipelineRun[] = []
afterAll(() => Promise.all(runs.map((run) => run.stop())))

async function freshRun(): Promise<PipelineRun> {
  const run = await startPipelineRun({
    ...testEngines(),
    databaseUrl: await freshDatabase(),
    prefix: freshPrefix(),
  })
  runs.push(run)
  return run
}

/** Kills one part after the other at seeded instants until the uplinks are posted, and at least `KILLS` times. */
async function killUntil(run: PipelineRun, posted: Promise<unknown>): Promise<number> {
  const chance = chanceOf('kills', 7)
  let isPosted = false
  void posted.then(() => {
    isPosted = true
  })
  let kills = 0
  for (; kills < KILLS || !isPosted; kills++) {
    await sleep(chance.between(300, 1_800))
    await run.killAndRestart(chance.pick<Part>(['process', 'sink', 'bridge', 'process']))
  }
  await posted
  return kills
}

test('kill -9 of bridge, process and sink in mid-flow leaves the very tables of an undisturbed run', async () => {
  const calm = await freshRun()
  await calm.simulate({ ...span, speed: 'max' })
  const expected = await calm.settled(4_000)
  expect(expected.find(({ table }) => table === 'excursions')?.rows).toBeGreaterThan(0)
  expect(expected.find(({ table }) => table === 'rollups')?.rows).toBeGreaterThan(100)

  const killed = await freshRun()
  // 8 hours in 40 seconds: while the bridge is down, a device's next attempt is up to an hour of theirs away, inside grace.
  const kills = await killUntil(killed, killed.simulate({ ...span, speed: '720' }))
  expect(kills).toBeGreaterThanOrEqual(KILLS)
  await expect.poll(() => killed.digest(), { timeout: 120_000, interval: 500 }).toEqual(expected)
  expect(await killed.settled(3_000)).toEqual(expected)
}, 360_000)

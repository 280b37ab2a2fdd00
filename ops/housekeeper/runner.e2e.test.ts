import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { openPostgres } from '../../infra/postgres.ts'
import { freshDatabase } from '../../infra/testing/engines.ts'
import { checkLease, claim, registerTasks, release } from './lease.ts'
import { Runner } from './runner.ts'
import { type Task, Unfinished } from './task.ts'

const log = pino({ level: 'silent' })

async function openHouse() {
  const directUrl = await freshDatabase()
  const db = openPostgres(directUrl, { connectionsMax: 8 })
  onTestFinished(() => db.end())
  const runs = async () =>
    (
      await db.query(
        'select task_name as task, cause, owner, outcome, summary, error from housekeeper_runs order by id',
      )
    ).rows as {
      task: string
      cause: string
      owner: string
      outcome: string
      summary: object
      error: string
    }[]
  const start = (owner: string, tasks: Task[], leaseMs = 2_000) => {
    const runner = new Runner({ db, directUrl, tasks, owner, log, nowMs: Date.now, leaseMs, lookEveryMs: 20 })
    const running = runner.run()
    const stop = async () => {
      runner.stop()
      await running
    }
    onTestFinished(stop)
    return { runner, stop }
  }
  return { db, directUrl, runs, start }
}

const task = (change: Partial<Task> = {}): Task => ({
  ...{ name: 'task', schedule: '0 2 * * *', title: 'does something', atStart: true },
  run: async () => ({ done: 1 }),
  ...change,
})

test('of five housekeepers that start at once one at a time does a task, and each run is in the history', async () => {
  const { runs, start } = await openHouse()
  let [now, most] = [0, 0]
  const slow = task({
    run: async () => {
      now += 1
      most = Math.max(most, now)
      await sleep(100)
      now -= 1
      return { done: 1 }
    },
  })
  const houses = Array.from({ length: 5 }, (_, index) => start(`house ${index}`, [slow]))
  await expect
    .poll(async () => (await runs()).filter(({ outcome }) => outcome === 'succeeded').length)
    .toBeGreaterThan(0)
  await Promise.all(houses.map(({ stop }) => stop()))
  expect(most).toBe(1)
  expect((await runs())[0]).toMatchObject({
    task: 'task',
    cause: 'start',
    outcome: 'succeeded',
    summary: { done: 1 },
  })
})

test('what a killed housekeeper had begun is taken over after its lease, and it can do no more harm', async () => {
  const { db, runs, start } = await openHouse()
  await registerTasks(db, [task()], true)
  const killed = await claim(db, ['task'], 'killed', { leaseMs: 300 })
  expect(await claim(db, ['task'], 'other', { now: 'command' })).toBeUndefined()
  await checkLease(db, killed!)
  start('heir', [task()])
  await expect.poll(async () => (await runs()).at(1)?.outcome).toBe('succeeded')
  expect(await runs()).toMatchObject([
    { owner: 'killed', outcome: 'abandoned' },
    { owner: 'heir', outcome: 'succeeded' },
  ])
  await expect(checkLease(db, killed!)).rejects.toThrow('has taken the task')
  await release(db, killed!, { outcome: 'succeeded', summary: {} }, new Date(0))
  expect((await runs())[0]).toMatchObject({ outcome: 'abandoned' })
})

test('a task that takes longer than its lease keeps it, and is not begun twice', async () => {
  const { db, runs, start } = await openHouse()
  const { runner } = start('one', [])
  const long = task({ run: () => sleep(1_500).then(() => ({})) })
  const houses = ['a', 'b'].map((owner) => start(owner, [long], 600))
  await expect.poll(async () => (await runs()).at(0)?.outcome, { timeout: 5_000 }).toBe('succeeded')
  await Promise.all(houses.map(({ stop }) => stop()))
  expect((await runs()).filter(({ outcome }) => outcome === 'abandoned')).toEqual([])
  await expect(runner.runNow('nonsense', 'command')).rejects.toThrow('There is no task nonsense')
  const { rows } = await db.query('select next_run_at > now() as later from housekeeper_tasks')
  expect(rows).toEqual([{ later: true }])
})

test('a run that fails is in the history with what it did, and is tried again soon', async () => {
  const { db, runs, start } = await openHouse()
  const failing = task({ run: () => Promise.reject(new Unfinished('half of it was busy', { done: 3 })) })
  start('one', [failing])
  await expect.poll(async () => (await runs()).at(0)?.outcome).toBe('failed')
  expect(await runs()).toMatchObject([{ error: 'half of it was busy', summary: { done: 3 } }])
  const { rows } = await db.query<{ minutes: number }>(
    `select extract(epoch from next_run_at - now())::float8 / 60 as minutes from housekeeper_tasks`,
  )
  expect(rows[0]!.minutes).toBeLessThan(10.1)
})

test('a task runs when its time has come, when somebody asks, and not otherwise', async () => {
  const { db, runs, start } = await openHouse()
  start('one', [task({ atStart: false })])
  await expect.poll(async () => (await db.query('select 1 from housekeeper_tasks')).rows.length).toBe(1)
  await sleep(100)
  expect(await runs()).toEqual([])
  await db.query("update housekeeper_tasks set next_run_at = now() - interval '3 days'")
  await expect.poll(async () => (await runs()).map(({ cause }) => cause)).toEqual(['schedule'])
  await expect.poll(async () => (await runs()).at(0)?.outcome).toBe('succeeded')
  await db.query("update housekeeper_tasks set requested_at = now(), requested_by = 'api'")
  await expect.poll(async () => (await runs()).map(({ cause }) => cause)).toEqual(['schedule', 'api'])
})

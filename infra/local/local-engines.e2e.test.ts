// The engines' own life on this machine, apart from the shared ones: killed, found again, taken over, stopped.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Kafka, logLevel } from 'kafkajs'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openScratch } from '../testing/scratch.ts'
import type { EngineName, StartedEngines } from './engines.ts'
import { localEngines, stopLeftEngines } from './local-engines.ts'
import { findJava } from './maven.ts'
import { identityOf } from './process-identity.ts'

const names: EngineName[] = ['kafka', 'registry', 'postgres']
const scratch = openScratch()
const dataDir = scratch.dir
const hasJava = await findJava().then(
  () => true,
  () => false,
)
const lines: string[] = []
let engines: StartedEngines

const start = () => localEngines(names, { dataDir, report: (line) => lines.push(line), ports: 'any' })
const pidOf = (name: EngineName): number =>
  JSON.parse(readFileSync(join(dataDir, `pids/${name}.json`), 'utf8')).pid

async function sql(text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: engines.databaseUrl })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

async function topics(create?: string): Promise<string[]> {
  const kafka = new Kafka({ brokers: [engines.kafkaBrokers ?? ''], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  try {
    if (create) await admin.createTopics({ waitForLeaders: false, topics: [{ topic: create }] })
    return await admin.listTopics()
  } finally {
    await admin.disconnect()
  }
}

async function schemaId(): Promise<number> {
  const response = await fetch(`${engines.schemaRegistryUrl}/subjects/probe-value/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ schema: '"string"' }),
  })
  return ((await response.json()) as { id: number }).id
}

beforeAll(async () => {
  if (hasJava) engines = await start()
}, 120_000)

afterAll(scratch.remove)

test.runIf(hasJava)('engines left running are taken over, with their ports', async () => {
  const pids = names.map(pidOf)
  const again = await start()
  expect(again).toMatchObject({ kafkaBrokers: engines.kafkaBrokers, databaseUrl: engines.databaseUrl })
  expect(names.map(pidOf)).toEqual(pids)
  engines = again
})

test.runIf(hasJava)(
  'after kill -9 of all three, everything acknowledged is there again',
  async () => {
    await sql('create table kept (n int); insert into kept values (7)')
    await topics('kept')
    const id = await schemaId()
    for (const name of names) process.kill(pidOf(name), 'SIGKILL')
    engines = await start()
    expect(await sql('select n from kept')).toEqual([{ n: 7 }])
    expect(await topics()).toContain('kept')
    expect(await schemaId()).toBe(id)
  },
  120_000,
)

test.runIf(hasJava)('stopping leaves no process and no pid file behind', async () => {
  const pids = names.map(pidOf)
  await engines.stop()
  expect(pids.map(identityOf)).toEqual([undefined, undefined, undefined])
  expect(await stopLeftEngines(dataDir)).toEqual([])
})

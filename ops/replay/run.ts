// `coldstream replay`: the log once more, beside production, into topics and tables of its own.
import type { Config } from '../../infra/config.ts'
import { openPostgres, type Postgres } from '../../infra/postgres.ts'
import { openPublisher } from '../../infra/publisher.ts'
import { registryAt } from '../../infra/registry.ts'
import { createTopics } from '../../infra/topics.ts'
import { openCodecs } from '../../schemas/codec.ts'
import type { Topology } from '../../topology/define.ts'
import { copyTables, copyUplinks, type LogCopy } from './log-copy.ts'
import type { Plan } from './plan.ts'
import { progressText } from './print.ts'
import { type RebuildConfig, rebuild } from './rebuild.ts'
import { addReplay, findReplay, noteCopied, noteReady, type Replay, replayNames } from './replays.ts'
import { createShadow } from './shadow.ts'

export type ReplayConfig = RebuildConfig & Pick<Config, 'TOPIC_REPLICATION'>

export type ReplayRun = {
  config: ReplayConfig
  topology: Topology
  db: Postgres
  plan: Plan
  name: string
  from: Date
  to: Date
  units: string[] | null
  /** The same line again, with what has changed. */
  report: (line: string) => void
}

export class ReplayNameTaken extends Error {
  constructor(name: string) {
    super(`There is a replay ${name} already: choose another --name, or \`coldstream replay drop ${name}\`.`)
  }
}

/**
 * 1. Note the replay, and make its schema and topics. Whatever dies later, `replay drop` finds everything by the note.
 * 2. Copy devices, rules and uplinks.
 * 3. Run stages and sink until everything is in its tables.
 */
export async function runReplay(run: ReplayRun): Promise<Replay> {
  const { config, topology, db, plan, name, from, to, units, report } = run
  const { KAFKA_BROKERS: brokers, TOPIC_PREFIX: production } = config
  const names = replayNames(production, name)
  const replay = { name, ...names, from, to, units, cutAt: plan.cutAt, settledTo: plan.settledTo }
  if (!(await addReplay(db, replay))) throw new ReplayNameTaken(name)
  await createShadow(db, names.schema)
  await createTopics(brokers, names.prefix, {
    partitions: plan.ranges.length,
    replication: config.TOPIC_REPLICATION,
  })
  const uplinks = await copyAll(run, names.prefix)
  const startMs = performance.now()
  await rebuild({
    ...{ config, topology, replay },
    onProgress: ({ step, done, total }) => {
      const elapsedMs = performance.now() - startMs
      if (step === 'stages') report(`replaying  ${progressText(done, total, elapsedMs, Date.now())}`)
      else report(`writing    ${total.toLocaleString('en')} records left for the tables`)
    },
  })
  const seconds = (performance.now() - startMs) / 1_000
  await noteReady(db, name, seconds, await deadLettersIn(db, names.schema))
  report(`replayed   ${uplinks.toLocaleString('en')} uplinks in ${seconds.toFixed(1)} s`)
  const ready = await findReplay(db, name)
  if (ready === undefined) throw new Error(`The replay ${name} was dropped while it ran.`)
  return ready
}

async function copyAll(run: ReplayRun, prefix: string): Promise<number> {
  const { config, topology, db, plan, name, units, report } = run
  const { KAFKA_BROKERS: brokers, TOPIC_PREFIX: from } = config
  const codecs = await openCodecs(registryAt(config.SCHEMA_REGISTRY_URL), from)
  const publisher = await openPublisher(brokers)
  try {
    const copy: LogCopy = { brokers, from, to: prefix, codecs, publisher }
    const devices = await copyTables(copy, topology.sources, units)
    const { uplinks, newest } = await copyUplinks(copy, devices, plan.ranges, (count) =>
      report(`copying    ${count.toLocaleString('en')} uplinks`),
    )
    const receivedTo = newest === null ? null : new Date(newest.receivedMs)
    const settledTo = newest === null ? null : new Date(newest.recordedMs - config.GRACE)
    await noteCopied(db, name, { uplinks, receivedTo, settledTo })
    return uplinks
  } finally {
    await publisher.close()
  }
}

async function deadLettersIn(db: Postgres, schema: string): Promise<number> {
  const { rows } = await db.query<{ count: number }>(`select count(*) as count from ${schema}.dead_letters`)
  return rows[0]?.count ?? 0
}

/** For the commands that only need the database. */
export async function withDatabase<T>(url: string, use: (db: Postgres) => Promise<T>): Promise<T> {
  const db = openPostgres(url, { connectionsMax: 2, name: 'coldstream-replay' })
  try {
    return await use(db)
  } finally {
    await db.end()
  }
}

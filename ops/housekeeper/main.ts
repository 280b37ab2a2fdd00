// The housekeeper as a process: any number may run, each task is done by one of them.
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import pino, { type Logger } from 'pino'
import { backupKeys } from '../../infra/backup/runs.ts'
import type { Config } from '../../infra/config.ts'
import { serveHealth } from '../../infra/health-server.ts'
import { openPostgres, type Postgres } from '../../infra/postgres.ts'
import { addBackupMetrics, backupTaskKeys, backupTasks } from './backup-tasks.ts'
import { housekeeperMetrics } from './metrics.ts'
import { type Observation, observe, problemsOf } from './observation.ts'
import { Runner } from './runner.ts'
import { type PartitionConfig, partitionConfigKeys, partitionTasks } from './tasks.ts'

export const housekeeperConfigKeys = [
  ...(['HOUSEKEEPER_PORT', 'LOG_LEVEL'] as const),
  ...partitionConfigKeys,
  ...backupKeys,
  ...backupTaskKeys,
] as const

export type HousekeeperConfig = Pick<Config, (typeof housekeeperConfigKeys)[number]>

export type RunningHousekeeper = { port: number; close: () => Promise<void> }

const OBSERVE_EVERY_MS = 15_000
/** What is older is no news: the process is not ready. */
const OBSERVATION_AGE_MAX_MS = 90_000

export const ownerName = () => `${hostname()}/${process.pid}/${randomBytes(3).toString('hex')}`

export async function runHousekeeper(config: HousekeeperConfig): Promise<RunningHousekeeper> {
  const log = pino({ name: 'housekeeper', level: config.LOG_LEVEL })
  const directUrl = config.DATABASE_DIRECT_URL || config.DATABASE_URL
  const db = openPostgres(directUrl, {
    ...{ name: 'coldstream-housekeeper', connectionsMax: 6 },
    onConnectionLost: (error) => log.warn({ err: error }, 'A connection to Postgres was lost'),
  })
  const watch = keepObserving(db, config, log)
  const runner = new Runner({
    ...{ db, directUrl, log, owner: ownerName(), nowMs: Date.now, onEnded: watch.lookAgain },
    tasks: [...partitionTasks(config), ...backupTasks(config, (line) => log.info(line))],
  })
  const registry = housekeeperMetrics(() => ({ observation: watch.last(), isUp: runner.isUp }))
  addBackupMetrics(registry, db, config)
  const health = await serveHealth(config.HOUSEKEEPER_PORT, 'HOUSEKEEPER_PORT', {
    isReady: () => runner.isUp && isFresh(watch.last()),
    details: () => detailsOf(watch.last()),
    registry,
  })
  const running = runner.run()
  return {
    port: health.port,
    close: async () => {
      runner.stop()
      await Promise.all([running, watch.stop(), health.close()])
      await db.end()
    },
  }
}

const isFresh = (observation: Observation | undefined) =>
  observation !== undefined && Date.now() - observation.atMs < OBSERVATION_AGE_MAX_MS

/** What /health says. */
function detailsOf(observation: Observation | undefined): object {
  if (observation === undefined) return { partitions: 'not seen yet' }
  const partitions = observation.tables.map(
    ({ partitioning, partitions: all, ahead, hasCurrent, defaultRows, bytes, retired }) => ({
      ...{ table: partitioning.parent, unit: partitioning.unit, count: all.length, ahead, hasCurrent },
      ...{ defaultRows, bytes, retired },
    }),
  )
  return { partitions, backup: observation.backup.explanation, problems: problemsOf(observation) }
}

function keepObserving(db: Postgres, config: PartitionConfig, log: Logger) {
  const stopping = new AbortController()
  let last: Observation | undefined
  let asked = new AbortController()
  const run = async () => {
    while (!stopping.signal.aborted) {
      try {
        last = await observe(db, config, Date.now())
      } catch (error) {
        log.warn({ err: error }, 'The state of the partitions could not be read')
      }
      asked = new AbortController()
      const signal = AbortSignal.any([asked.signal, stopping.signal])
      await sleep(OBSERVE_EVERY_MS, undefined, { signal }).catch(() => {}) // cut short by the stop, or by a task's end
    }
  }
  const running = run()
  return {
    last: () => last,
    lookAgain: () => asked.abort(),
    stop: () => {
      stopping.abort()
      return running
    },
  }
}

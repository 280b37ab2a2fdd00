// `coldstream process --threads N`: one process to start, probe and stop, and N members of the group in it.
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { InvalidArgumentError, Option } from 'commander'
import { keysOf, readConfig } from '../infra/config.ts'
import { logOf, served } from '../topology/main.ts'
import { runMember } from '../topology/member.ts'
import { startMembers } from '../topology/members.ts'
import { topologyDefaults, topologyOf } from '../topology/topology.ts'
import { endSignal } from './end-signal.ts'

const THREADS_MAX = 64

export function threadCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (count >= 1 && count <= THREADS_MAX) return count
  throw new InvalidArgumentError(`A number from 1 to ${THREADS_MAX}, at most that of the cores.`)
}

export async function runThreads(count: number): Promise<void> {
  const config = readConfig(keysOf('process'))
  const name = config.INSTANCE || randomUUID()
  const runtime = startMembers({
    count,
    log: logOf(config),
    fork: (i) =>
      fork(process.argv[1] ?? '', ['process', '--member'], {
        // A name of its own, and kept: started again, it takes its partitions back without a rebalance.
        env: { ...process.env, INSTANCE: `${name}-${i}` },
        serialization: 'advanced',
      }),
  })
  const running = await served(config, runtime)
  process.stderr.write(
    `${count} members; the process serves /health, /health/ready and /metrics on port ${running.port}.\n`,
  )
  await Promise.race([endSignal(), running.finished])
  await running.close()
}

/** What `--threads` starts; a person has no use for it. */
export const memberOption = (): Option => new Option('--member', 'a member of --threads').hideHelp()

export async function runAsMember(): Promise<void> {
  // Ctrl-C reaches the whole process group: the parent ends its members.
  process.on('SIGINT', () => {})
  const config = readConfig(keysOf('process'))
  await runMember(
    config,
    topologyOf({
      ...topologyDefaults,
      graceMs: config.GRACE,
      clockAheadMs: config.CLOCK_AHEAD,
      retentionMonths: config.RETENTION_MONTHS,
    }),
  )
}

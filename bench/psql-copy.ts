// The sink's ceiling: `\copy … (format binary)` by psql itself, with what it has cost psql and its backend.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { fetchPostgresTools } from '../infra/local/postgres-tools.ts'

const CLOCK_TICK_MS = 10

/** CPU of one process so far, ms, by what Linux tells in its `/proc/PID/stat`. */
const cpuMsIn = (stat: string): number => {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * CLOCK_TICK_MS
}

/** The same of a process that runs. */
export const cpuMsOf = (pid: number): number => cpuMsIn(readFileSync(`/proc/${pid}/stat`, 'utf8'))

export type Copied = { elapsedMs: number; backendMs: number; clientMs: number }

/** `into`: a table with its columns. The time is psql's own, `\timing`, with the commit; connecting is not in it. */
export async function psqlCopy(url: string, into: string, file: string): Promise<Copied> {
  const psql = join(await fetchPostgresTools((line) => process.stderr.write(`${line}\n`)), 'psql')
  // A shell that psql starts has it as its parent.
  const lookAtCpu = String.raw`\! cat /proc/$BACKEND/stat /proc/$PPID/stat`
  const script = [
    String.raw`select pg_backend_pid() as pid \gset`,
    String.raw`\setenv BACKEND :pid`,
    ...[lookAtCpu, String.raw`\timing on`],
    String.raw`\copy ${into} from '${file}' (format binary)`,
    ...[String.raw`\timing off`, lookAtCpu],
  ]
  const running = promisify(execFile)(psql, ['-X', '-q', '-v', 'ON_ERROR_STOP=1', url])
  running.child.stdin?.end(`${script.join('\n')}\n`)
  const { stdout } = await running
  const elapsedMs = Number(/^Time: ([\d.]+) ms/m.exec(stdout)?.[1])
  const [backendBefore = '', before = '', backendAfter = '', after = ''] = stdout.match(/^\d+ \(.*$/gm) ?? []
  if (Number.isNaN(elapsedMs) || after === '')
    throw new Error(`psql did not say how long it took:\n${stdout}`)
  return {
    elapsedMs,
    backendMs: cpuMsIn(backendAfter) - cpuMsIn(backendBefore),
    clientMs: cpuMsIn(after) - cpuMsIn(before),
  }
}

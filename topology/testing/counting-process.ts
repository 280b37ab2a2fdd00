// A process of the counting topology, for tests that kill it. Its configuration is its one argument, as JSON; with
// `threads` it runs as `--threads` does, and then starts itself again with the argument `member`.
import { fork } from 'node:child_process'
import { logOf, type ProcessConfig, runProcess, served } from '../main.ts'
import { runMember } from '../member.ts'
import { startMembers } from '../members.ts'
import { counting } from './counting.ts'

type Setup = ProcessConfig & { threads?: number }

const setup = JSON.parse(process.argv[2] ?? '') as Setup

function withThreads(count: number) {
  const runtime = startMembers({
    count,
    log: logOf(setup),
    fork: (i) =>
      fork(
        import.meta.filename,
        [JSON.stringify({ ...setup, INSTANCE: `${setup.INSTANCE}-${i}` }), 'member'],
        {
          execArgv: [],
          serialization: 'advanced',
        },
      ),
  })
  return served(setup, runtime)
}

if (process.argv[3] === 'member') await runMember(setup, counting)
else {
  const running = await (setup.threads === undefined
    ? runProcess(setup, counting)
    : withThreads(setup.threads))
  process.send?.({ port: running.port })
  process.once('SIGTERM', () => {
    running.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  })
  process.once('disconnect', () => process.exit(2))
  await running.finished.catch((error: unknown) => {
    console.error(error)
    process.exit(3)
  })
}

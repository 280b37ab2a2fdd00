// One of the two processes whose failover is measured: runs the stages, and says how it is.
import { runProcess } from '../topology/main.ts'
import { topology } from '../topology/topology.ts'
import type { FailoverStatus } from './failover.ts'

const { runtime } = await runProcess(JSON.parse(process.argv[2] ?? ''), topology)

process.on('message', ({ id }: { id: number }) => {
  const tasks = runtime.tasks()
  const answer: FailoverStatus = {
    isReady: runtime.isReady(),
    tasks: tasks.length,
    keys: tasks.reduce((sum, { keys }) => sum + keys, 0),
    isWarm: runtime.copies().every(({ isWarm }) => isWarm),
    copied: runtime.copies().reduce((sum, { keys }) => sum + keys, 0),
    restored: runtime.totals.restoredRecords,
    rssBytes: process.memoryUsage.rss(),
  }
  process.send?.({ id, answer })
})
process.once('SIGTERM', () => {
  runtime.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  )
})
process.once('disconnect', () => process.exit(2))
process.send?.({ id: 0 })

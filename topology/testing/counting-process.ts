// A process of the counting topology, for tests that kill it. Its configuration is its one argument, as JSON.
import { type ProcessConfig, runProcess } from '../main.ts'
import { counting } from './counting.ts'

const config = JSON.parse(process.argv[2] ?? '') as ProcessConfig
const running = await runProcess(config, counting)
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

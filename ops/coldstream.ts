// The `coldstream` command: what a person runs.
import { PipelineError } from '../schemas/failure.ts'
import { programFor } from './commands.ts'
import { unreachable } from './unreachable.ts'

try {
  const args = process.argv.slice(2)
  await (await programFor(args)).parseAsync(args, { from: 'user' })
} catch (error) {
  // What has a code of ours explains itself; anything else is a defect and shows where.
  const said = error instanceof PipelineError ? error.message : unreachable(error)
  if (said === undefined) throw error
  process.stderr.write(`${said}\n`)
  process.exitCode = 1
}

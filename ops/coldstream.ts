// The `coldstream` command: what a person runs.
import { PipelineError } from '../schemas/failure.ts'
import { programFor } from './commands.ts'

try {
  const args = process.argv.slice(2)
  await (await programFor(args)).parseAsync(args, { from: 'user' })
} catch (error) {
  // What has a code explains itself; anything else is a defect and shows where.
  if (!(error instanceof PipelineError)) throw error
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 1
}

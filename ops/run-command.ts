// One command of ours, run to its end as a step of the start: what it printed.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { SetupError } from '../infra/local/setup-error.ts'

export async function runCommand(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { env, maxBuffer: 64 << 20 })
    return stdout
  } catch (error) {
    const { stdout, stderr, message } = error as Error & { stdout?: string; stderr?: string }
    const output = [stdout, stderr].filter(Boolean).join('\n').trimEnd()
    throw new SetupError(`\`coldstream ${args.slice(1).join(' ')}\` failed:\n${output || message}`)
  }
}

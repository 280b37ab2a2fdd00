// `coldstream things-stack connect`: from an application of The Things Stack to the bridge. Keys come from the environment, for
// what stands on a command line is seen by everyone on the machine.
import type { Command } from 'commander'
import { connectionName } from '../infra/bridge-forms.ts'
import { PipelineError } from '../schemas/failure.ts'
import { connectThingsStack, neededRights } from './things-stack/connect.ts'

type Options = {
  server: string
  identityServer?: string
  application: string
  bridgeUrl: string
  connection: string
  webhook: string
  device?: string
}

const arrivalWithinMs = 15_000

export function thingsStackCommand(program: Command): void {
  const thingsStack = program.command('things-stack').description('The Things Stack at the other end')
  thingsStack
    .command('connect')
    .description(
      'create or update the webhook of an application, and send a simulated uplink through. Keys by environment: ' +
        'THINGS_STACK_API_KEY (of the application), BRIDGE_API_KEY (of the connection)',
    )
    .requiredOption('--server <url>', 'such as https://eu1.cloud.thethings.network')
    .requiredOption('--application <id>', 'its id, without @tenant')
    .requiredOption('--bridge-url <url>', 'the bridge as The Things Stack reaches it, by HTTPS')
    .requiredOption('--connection <name>', 'of the bridge')
    .option(
      '--identity-server <url>',
      'where it is another: of the sandbox https://eu1.cloud.thethings.network',
    )
    .option('--webhook <id>', 'the webhook to write', 'coldstream')
    .option('--device <id>', 'the device to simulate; not given: the first one')
    .addHelpText('after', `\nThe API key needs:\n${rightsList()}`)
    .action(connect)
}

const rightsList = (): string =>
  Object.entries(neededRights)
    .map(([right, what]) => `  ${right.padEnd(36)} ${what}`)
    .join('\n')

async function connect(options: Options): Promise<void> {
  const problems: string[] = []
  const origin = (option: string, value: string): string => {
    if (URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)) return new URL(value).origin
    problems.push(`${option} is no http(s):// URL.`)
    return ''
  }
  const secret = (name: string): string => {
    const value = process.env[name] ?? ''
    if (value === '') problems.push(`${name} is not set.`)
    return value
  }
  const server = {
    origin: origin('--server', options.server),
    application: options.application,
    apiKey: secret('THINGS_STACK_API_KEY'),
  }
  const identityOrigin = origin('--identity-server', options.identityServer ?? options.server)
  origin('--bridge-url', options.bridgeUrl)
  const bridgeKey = secret('BRIDGE_API_KEY')
  if (!connectionName.test(options.connection)) problems.push('--connection has letters, digits, - and _.')
  if (problems.length > 0) throw new PipelineError('CONFIG_INVALID', { problems })
  const { bridgeUrl, connection, webhook: webhookId, device: deviceId = null } = options
  await connectThingsStack(
    { server, identityOrigin, bridgeUrl, connection, bridgeKey, webhookId, deviceId, arrivalWithinMs },
    (step, found) => process.stdout.write(`✓ ${step.padEnd(8)} ${found}\n`),
  )
}

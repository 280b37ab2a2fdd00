// `coldstream bridge`: the bridge alone, configured by the environment, until it is told to end.
import type { Command } from 'commander'
import { runBridge } from '../bridge/main.ts'
import { keysOf, readConfig } from '../infra/config.ts'
import { endSignal } from './end-signal.ts'

export function bridgeCommand(program: Command): void {
  program
    .command('bridge')
    .description(
      'take Things Stack webhooks and write them to the uplinks topic (settings: BRIDGE_*, see README)',
    )
    .action(async () => {
      const bridge = await runBridge(readConfig(keysOf('bridge')))
      process.stderr.write(`The bridge listens on port ${bridge.port}: POST /things-stack/<connection>\n`)
      await endSignal()
      await bridge.close()
    })
}

// `coldstream api`: the read API and the dashboard alone, configured by the environment, until it is told to end.
import type { Command } from 'commander'
import { runApi } from '../api/main.ts'
import { readConfig } from '../infra/config.ts'
import { endSignal } from './end-signal.ts'

export function apiCommand(program: Command): void {
  program
    .command('api')
    .description('serve GraphQL, GraphiQL and the dashboard (settings: API_*, see README)')
    .action(async () => {
      const settings = [
        'DATABASE_URL',
        'API_HOST',
        'API_PORT',
        'ADMIN_KEY',
        'REPORT_KEY_FILE',
        'LOG_LEVEL',
      ] as const
      const api = await runApi(readConfig(settings))
      const address = `http://localhost:${api.port}`
      process.stderr.write(`Dashboard: ${address}/\nGraphiQL:  ${address}/graphiql\n`)
      await endSignal()
      await api.close()
    })
}

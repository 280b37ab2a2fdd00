// `coldstream api`: the read API and the dashboard alone, configured by the environment, until it is told to end.
import type { Command } from 'commander'
import { apiSettings, newsSettings, runApi } from '../api/main.ts'
import { readConfig, readOptional } from '../infra/config.ts'
import { profileFor, profiles } from '../processors/profiles/catalog.ts'
import { endSignal } from './end-signal.ts'

export function apiCommand(program: Command): void {
  program
    .command('api')
    .description('serve GraphQL, GraphiQL and the dashboard (settings: API_*, see README)')
    .action(async () => {
      const api = await runApi(
        { ...readConfig(apiSettings), ...readOptional(newsSettings) },
        { all: profiles, of: profileFor },
      )
      const address = `http://localhost:${api.port}`
      process.stderr.write(`Dashboard: ${address}/\nGraphiQL:  ${address}/graphiql\n`)
      await endSignal()
      await api.close()
    })
}

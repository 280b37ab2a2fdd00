// `coldstream migrate`: the tables, made or brought up to date; for where nothing else starts them, as in Docker Compose.
import type { Command } from 'commander'
import { readConfig } from '../infra/config.ts'
import { migrate } from '../infra/migrate.ts'

export function migrateCommand(program: Command): void {
  program
    .command('migrate')
    .description('apply the migrations that the database lacks')
    .action(async () => {
      const { DATABASE_URL, DATABASE_DIRECT_URL } = readConfig(['DATABASE_URL', 'DATABASE_DIRECT_URL'])
      const applied = await migrate(DATABASE_DIRECT_URL || DATABASE_URL, (line) =>
        process.stdout.write(`${line}\n`),
      )
      if (applied.length === 0) process.stdout.write('The tables are up to date.\n')
    })
}

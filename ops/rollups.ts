// `coldstream rollups`: what a person does about rollups. `repair` is what the housekeeper does, too.
import type { Command } from 'commander'
import { readConfig } from '../infra/config.ts'
import { openPostgres } from '../infra/postgres.ts'
import { type Repaired, repairRollups } from './rollups/repair.ts'

export function rollupsCommand(program: Command): void {
  program
    .command('rollups')
    .description('the sums of hours, days, weeks and months')
    .command('repair')
    .description('make windows anew in which readings came later than the grace, from all stored readings')
    .option('--dry-run', 'only tell what would be written')
    .action(async ({ dryRun = false }: { dryRun?: boolean }) => {
      const { DATABASE_URL, GRACE } = readConfig(['DATABASE_URL', 'GRACE'])
      const db = openPostgres(DATABASE_URL, { connectionsMax: 1 })
      try {
        const repaired = await repairRollups(db, { graceMs: GRACE, isDryRun: dryRun })
        process.stdout.write(`${told(repaired, dryRun)}\n`)
      } finally {
        await db.end()
      }
    })
}

function told({ units, lateReadings, settled, windows }: Repaired, isDryRun: boolean): string {
  if (units === 0) return 'No reading came later than the grace since the last repair.'
  const counts = Object.entries(windows).map(([name, count]) => `${count} ${name}s`)
  const verb = isDryRun ? 'would be written' : 'were written'
  const later = lateReadings - settled
  const rest = later === 0 ? '' : ` ${later} lie in windows that still change: they are looked at again.`
  return `${lateReadings} late readings in ${units} units: ${counts.join(', ')} ${verb}.${rest}`
}

// The command line of `coldstream dry-run --rules`.
import { existsSync, readFileSync } from 'node:fs'
import { readConfig } from '../../infra/config.ts'
import { openPostgres } from '../../infra/postgres.ts'
import { InputError } from '../dry-run/config.ts'
import { FleetInvalid, parseFleet } from '../fleet/fleet-file.ts'
import { DeviceTaken } from '../fleet/plan.ts'
import { trialText } from './print.ts'
import { tryRules } from './trial.ts'

export type RuleTrialOptions = { rules: string; days?: string; json?: boolean }

const DAYS_DEFAULT = 14

/** What is printed. Throws InputError with what the person can put right. */
export async function ruleTrial({ rules, days, json = false }: RuleTrialOptions): Promise<string> {
  const count = days === undefined ? DAYS_DEFAULT : Number(days)
  if (!(count > 0 && count <= 3_660)) throw new InputError(`--days ${days} is no number of days above 0.`)
  if (!existsSync(rules))
    throw new InputError(`${rules} cannot be read: give the path of a fleet file, as for \`fleet apply\`.`)
  const { DATABASE_URL, GRACE } = readConfig(['DATABASE_URL', 'GRACE'])
  const db = openPostgres(DATABASE_URL, { connectionsMax: 2 })
  try {
    const fleet = parseFleet(readFileSync(rules, 'utf8'), rules)
    const trial = await tryRules(db, fleet, { days: count, graceMs: GRACE, nowMs: Date.now() })
    return `${json ? JSON.stringify(trial, null, 2) : trialText(trial)}\n`
  } catch (error) {
    if (error instanceof FleetInvalid || error instanceof DeviceTaken) throw new InputError(error.message)
    throw error
  } finally {
    await db.end()
  }
}

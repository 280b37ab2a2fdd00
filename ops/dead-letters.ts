// `coldstream dead-letters`: the records that could not be processed, why, and back to their topic once the reason is gone.
import { type Command, InvalidArgumentError, Option } from 'commander'
import { readConfig } from '../infra/config.ts'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { openPublisher } from '../infra/publisher.ts'
import {
  findLetter,
  idOf,
  type LetterFilter,
  listLetters,
  type Place,
  placeOf,
} from './dead-letters/letters.ts'
import { jsonOf, lineOf, outcomeLine, pageOf } from './dead-letters/print.ts'
import { type RetryOutcome, retryLetter } from './dead-letters/retry.ts'

const LIST_DEFAULT = 50
const RETRY_MAX = 100_000

type FilterOptions = Pick<LetterFilter, 'code' | 'topic' | 'key' | 'since' | 'until'>
type ListOptions = FilterOptions & { open?: boolean; limit: number; json?: boolean }
type RetryOptions = FilterOptions & { all?: boolean; again?: boolean; json?: boolean }

const print = (line: string) => process.stdout.write(`${line}\n`)

export function deadLettersCommand(program: Command): void {
  const letters = program
    .command('dead-letters')
    .description('records that could not be processed: which, why, and back to their topic')
  filters(letters.command('list', { isDefault: true }).description('the newest first'))
    .option('--open', 'only those that were not retried yet')
    .option('--limit <n>', 'at most so many', count, LIST_DEFAULT)
    .option('--json', 'print JSON')
    .action(list)
  letters
    .command('show <id>')
    .description('one letter, whole, with what to do about it')
    .option('--value', 'write only the original bytes')
    .option('--json', 'print JSON')
    .action(show)
  filters(letters.command('retry [ids...]').description('write the original record to its topic once more'))
    .option('--all', 'all that were not retried yet')
    .option('--again', 'also what was retried before')
    .option('--json', 'print JSON')
    .action(retry)
}

const filters = (command: Command): Command =>
  command
    .option('--code <code>', 'of this failure, such as SCHEMA_UNKNOWN')
    .option('--topic <topic>', 'that came from this topic')
    .option('--key <key>', 'of this key, such as a devEui')
    .addOption(new Option('--since <instant>', 'failed at this instant or later').argParser(instant))
    .addOption(new Option('--until <instant>', 'failed before this instant').argParser(instant))

export function instant(text: string): Date {
  const at = new Date(text)
  if (Number.isNaN(at.getTime()))
    throw new InvalidArgumentError('Write an instant such as 2026-02-01T10:00:00Z.')
  return at
}

function count(text: string): number {
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new InvalidArgumentError('Write a whole number above 0.')
  return Number(text)
}

async function withDatabase(use: (db: Postgres, prefix: string) => Promise<void>): Promise<void> {
  const config = readConfig(['DATABASE_URL', 'TOPIC_PREFIX'])
  const db = openPostgres(config.DATABASE_URL, { connectionsMax: 1 })
  try {
    await use(db, config.TOPIC_PREFIX)
  } finally {
    await db.end()
  }
}

const list = ({ open: isOpen = false, limit, json, ...filter }: ListOptions) =>
  withDatabase(async (db, prefix) => {
    const { letters, total } = await listLetters(db, prefix, { ...filter, isOpen }, limit)
    if (json)
      return void print(
        JSON.stringify(
          letters.map((letter) => jsonOf(letter, prefix)),
          null,
          2,
        ),
      )
    for (const letter of letters) print(lineOf(letter, prefix))
    if (total === 0) print('There are no dead letters of that kind.')
    else if (total > letters.length) print(`… and ${total - letters.length} more (--limit)`)
    else print(`${total} in all. What to do about one: coldstream dead-letters show ID`)
  })

const show = (id: string, { value: isValue = false, json = false }: { value?: boolean; json?: boolean }) =>
  withDatabase(async (db, prefix) => {
    const place = placeOf(id, prefix)
    const letter = place === undefined ? undefined : await findLetter(db, place)
    if (letter === undefined) return fail(outcomeLine(id, { kind: 'unknown' }))
    if (isValue) process.stdout.write(letter.value ?? Buffer.alloc(0))
    else print(json ? JSON.stringify(jsonOf(letter, prefix), null, 2) : pageOf(letter, prefix))
  })

function fail(line: string): void {
  process.stderr.write(`${line}\n`)
  process.exitCode = 1
}

const retry = (ids: string[], { all = false, again = false, json = false, ...filter }: RetryOptions) =>
  withDatabase(async (db, prefix) => {
    if (ids.length === 0 && !all && Object.keys(filter).length === 0)
      return fail('Say which: ids, a filter such as --code SCHEMA_UNKNOWN, or --all.')
    const brokers = readConfig(['KAFKA_BROKERS']).KAFKA_BROKERS
    const wanted: [string, Place | undefined][] =
      ids.length > 0
        ? ids.map((id) => [id, placeOf(id, prefix)])
        : (await inOrder(db, prefix, filter, again)).map((place) => [idOf(place, prefix), place])
    const publisher = await openPublisher(brokers)
    try {
      const target = { db, brokers, prefix, publisher }
      const outcomes: { id: string; outcome: RetryOutcome }[] = []
      for (const [id, place] of wanted) {
        const unknown: RetryOutcome = { kind: 'unknown' }
        const outcome = place === undefined ? unknown : await retryLetter(target, place, again)
        outcomes.push({ id, outcome })
        if (!json) print(outcomeLine(id, outcome))
      }
      report(outcomes, json)
    } finally {
      await publisher.close()
    }
  })

/** As they stood in their topics, so that a key's records go back in their order. */
async function inOrder(
  db: Postgres,
  prefix: string,
  filter: FilterOptions,
  again: boolean,
): Promise<Place[]> {
  const { letters } = await listLetters(db, prefix, { ...filter, isOpen: !again }, RETRY_MAX)
  const order = (a: string, b: string) => (a < b ? -1 : Number(a > b))
  return letters.sort(
    (a, b) =>
      order(a.source, b.source) || (a.sourceOffset ?? 0) - (b.sourceOffset ?? 0) || a.offset - b.offset,
  )
}

function report(outcomes: { id: string; outcome: RetryOutcome }[], json: boolean): void {
  const sent = outcomes.filter(({ outcome }) => outcome.kind === 'sent').length
  if (json)
    print(
      JSON.stringify(
        outcomes.map(({ id, outcome }) => ({ id, ...outcome })),
        null,
        2,
      ),
    )
  else
    print(`Sent ${sent} of ${outcomes.length}.${sent > 0 ? ' What fails again becomes a new letter.' : ''}`)
  if (sent < outcomes.length) process.exitCode = 1
}

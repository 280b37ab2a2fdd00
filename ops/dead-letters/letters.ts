// The dead letters as the sink has stored them: which there are, and what each one holds.
import type { Postgres, Sql } from '../../infra/postgres.ts'
import { topicName } from '../../schemas/topics.ts'

/** Where a letter was found: in the topic dead-letters, or, where the sink could not read a record, in that record's. */
export type Place = { topic: string; partition: number; offset: number }

export type Letter = Place & {
  /** A topic, or the connection of the bridge. */
  source: string
  sourcePartition: number | null
  sourceOffset: number | null
  code: string
  explanation: string
  failedAt: Date
  key: Buffer | null
  value: Buffer | null
  headers: Record<string, string>
  /** How often it was sent back to its topic. */
  retries: number
  retriedAt: Date | null
}

export type LetterFilter = {
  code?: string
  /** Of the source: with or without the prefix. */
  topic?: string
  key?: string
  since?: Date
  until?: Date
  /** Only those that were not sent back yet. */
  isOpen?: boolean
}

const columns = `l.topic, l.topic_partition as partition, l.topic_offset as "offset", l.source,
  l.source_partition as "sourcePartition", l.source_offset as "sourceOffset", l.code, l.explanation,
  l.failed_at as "failedAt", l.key, l.value, l.headers, coalesce(r.times, 0) as retries,
  r.last_retried_at as "retriedAt"`

const joined = 'dead_letters l left join dead_letter_retries r using (topic, topic_partition, topic_offset)'

/** A letter's name for people: its place, without the prefix. */
export const idOf = ({ topic, partition, offset }: Place, prefix: string): string =>
  `${topic.startsWith(prefix) ? topic.slice(prefix.length) : topic}/${partition}/${offset}`

/** Undefined: not of the form. */
export function placeOf(id: string, prefix: string): Place | undefined {
  const [, topic, partition, offset] = /^(.+)\/(\d+)\/(\d+)$/.exec(id) ?? []
  if (topic === undefined) return undefined
  const name = prefix !== '' && topic.startsWith(prefix) ? topic : `${prefix}${topic}`
  return { topic: name, partition: Number(partition), offset: Number(offset) }
}

/** Of this pipeline only: several may share a database. The newest first. */
export async function listLetters(
  db: Postgres,
  prefix: string,
  filter: LetterFilter,
  limit: number,
): Promise<{ letters: Letter[]; total: number }> {
  const { where, values } = conditionsOf(prefix, filter)
  const { rows } = await db.query<Letter & { total: number }>(
    `select ${columns}, count(*) over () as total from ${joined} where ${where}
     order by l.failed_at desc, l.topic, l.topic_partition, l.topic_offset desc limit ${Math.floor(limit)}`,
    values,
  )
  return { letters: rows.map(({ total: _, ...letter }) => letter), total: rows[0]?.total ?? 0 }
}

export async function findLetter(sql: Pick<Sql, 'query'>, place: Place): Promise<Letter | undefined> {
  const { rows } = await sql.query<Letter>(
    `select ${columns} from ${joined} where l.topic = $1 and l.topic_partition = $2 and l.topic_offset = $3`,
    [place.topic, place.partition, place.offset],
  )
  return rows[0]
}

function conditionsOf(prefix: string, { code, topic, key, since, until, isOpen }: LetterFilter) {
  const values: unknown[] = [prefix]
  const conditions = ['starts_with(l.topic, $1)']
  const add = (condition: (n: string) => string, value: unknown) => {
    if (value === undefined) return
    values.push(value)
    conditions.push(condition(`$${values.length}`))
  }
  add((n) => `l.code = ${n}`, code)
  add(
    (n) => `l.source = any(${n})`,
    topic === undefined ? undefined : [topic, topicName(prefix, topic as never)],
  )
  add((n) => `l.key = ${n}`, key === undefined ? undefined : Buffer.from(key))
  add((n) => `l.failed_at >= ${n}`, since)
  add((n) => `l.failed_at < ${n}`, until)
  if (isOpen) conditions.push('r.topic is null')
  return { where: conditions.join(' and '), values }
}

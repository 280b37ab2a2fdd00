// Removes all that a replay has of its own: topics, groups, schemas in the registry, tables, and the note of it.
import { withAdmin } from '../../infra/kafka.ts'
import type { Postgres } from '../../infra/postgres.ts'
import { subjectOf } from '../../schemas/codec.ts'
import { topicName, topicNames } from '../../schemas/topics.ts'
import type { Replay } from './replays.ts'

export type Droppable = Pick<Replay, 'name' | 'prefix' | 'schema'>

/** In an order in which it can be done again where it was cut off: the note goes last. */
export async function dropReplay(
  db: Postgres,
  { brokers, registryUrl }: { brokers: string; registryUrl: string },
  { name, prefix, schema }: Droppable,
): Promise<void> {
  await withAdmin(brokers, async (admin) => {
    const wanted = new Set(topicNames.map((topic) => topicName(prefix, topic)))
    const topics = (await admin.listTopics()).filter((topic) => wanted.has(topic))
    if (topics.length > 0) await admin.deleteTopics({ topics })
    const { groups } = await admin.listGroups()
    const own = groups.map(({ groupId }) => groupId).filter((id) => id.startsWith(prefix))
    if (own.length > 0) await admin.deleteGroups(own)
  })
  for (const topic of topicNames) await forgetSubject(registryUrl, subjectOf(prefix, topic))
  await db.query(`drop schema if exists ${schema} cascade`, [], { statementTimeoutMs: 0 })
  await db.query('delete from replays where name = $1', [name])
}

/** Schemas are shared by their content, so records that carry their ids stay readable. What is not there is fine. */
async function forgetSubject(registryUrl: string, subject: string): Promise<void> {
  const url = new URL(registryUrl)
  const { username, password } = url
  url.username = ''
  url.password = ''
  const base = url.href.replace(/\/+$/, '')
  const headers = username === '' ? {} : { authorization: `Basic ${btoa(`${username}:${password}`)}` }
  const response = await fetch(`${base}/subjects/${encodeURIComponent(subject)}`, {
    method: 'DELETE',
    headers,
  })
  await response.arrayBuffer()
}

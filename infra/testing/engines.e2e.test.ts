import pg from 'pg'
import { expect, test } from 'vitest'
import { answersApiVersions } from '../local/kafka.ts'
import { freshDatabase, freshPrefix, testEngines } from './engines.ts'

async function query(databaseUrl: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

let migrations = 0
const migrate = async (databaseUrl: string) => {
  migrations += 1
  await query(databaseUrl, 'create table probe (n int); insert into probe values (1)')
}

test('each database is a migrated copy of its own, and migrating is done once', async () => {
  const [one, two] = [await freshDatabase({ migrate }), await freshDatabase({ migrate })]
  await query(one, 'insert into probe values (2)')
  expect(await query(one, 'select n from probe order by n')).toEqual([{ n: 1 }, { n: 2 }])
  expect(await query(two, 'select n from probe')).toEqual([{ n: 1 }])
  expect(migrations).toBeLessThanOrEqual(1)
})

test('databases asked for at the same moment are made one after the other', async () => {
  const urls = await Promise.all([1, 2, 3].map(() => freshDatabase({ migrate })))
  expect(new Set(urls).size).toBe(3)
})

test('a database without migrations is empty, and in UTF-8', async () => {
  const url = await freshDatabase({ migrate: null })
  expect(await query(url, 'show server_encoding')).toEqual([{ server_encoding: 'UTF8' }])
  expect(await query(url, "select 1 from pg_tables where schemaname = 'public'")).toEqual([])
})

test('Kafka answers, and the registry demands backward compatibility', async () => {
  const { kafkaBrokers, schemaRegistryUrl } = testEngines()
  expect(await answersApiVersions(Number(kafkaBrokers.split(':')[1]))).toBe(true)
  const config = await (await fetch(`${schemaRegistryUrl}/config`)).json()
  expect(config).toEqual({ compatibilityLevel: 'BACKWARD' })
})

test('a prefix can begin the name of a topic', () => {
  expect(freshPrefix()).toMatch(/^t[0-9a-f]{6}\.$/)
})

import { readdirSync, readFileSync } from 'node:fs'
import avro from 'avsc'
import { expect, test } from 'vitest'
import { schemaText } from './codec.ts'
import { type TopicName, topicNames } from './topics.ts'

// Released contracts, one folder a release. They are never edited: what was written under them must stay readable.
const releases = new URL('./released/', import.meta.url)
const released = readdirSync(releases).flatMap((release) =>
  readdirSync(new URL(`${release}/`, releases)).map((file) => ({
    release,
    file,
    topic: file.slice(0, -5) as TopicName,
  })),
)

const parse = (text: string): avro.Type => avro.Type.forSchema(JSON.parse(text) as avro.Schema)

test.each(released)('$topic reads what release $release wrote', ({ release, file, topic }) => {
  const writer = parse(readFileSync(new URL(`${release}/${file}`, releases), 'utf8'))
  const reader = parse(schemaText(topic))
  const resolver = reader.createResolver(writer)
  for (let i = 0; i < 20; i++) {
    const value: unknown = reader.fromBuffer(writer.toBuffer(writer.random()), resolver)
    expect(reader.isValid(value)).toBe(true)
  }
})

test('every contract has been released at least once: `node schemas/release.ts` copies those that changed', () => {
  expect(new Set(released.map(({ topic }) => topic))).toEqual(new Set(topicNames))
})

test('a field added without a default would be refused', () => {
  const older = JSON.parse(schemaText('rollups')) as { fields: { name: string }[] }
  older.fields = older.fields.filter(({ name }) => name !== 'sum')
  expect(() => parse(schemaText('rollups')).createResolver(parse(JSON.stringify(older)))).toThrow(/sum/)
})

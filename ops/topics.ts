// `coldstream topics create|list`: the topics and schemas of the pipeline on the configured broker and registry.
import type { Command } from 'commander'
import { readConfig } from '../infra/config.ts'
import { registryAt } from '../infra/registry.ts'
import { createTopics, listTopics } from '../infra/topics.ts'
import { openCodecs } from '../schemas/codec.ts'
import { topics as contracts, type TopicName } from '../schemas/topics.ts'

export function topicsCommand(program: Command): void {
  const topics = program.command('topics').description('the Kafka topics of the pipeline')
  topics
    .command('create')
    .description('create the topics that are missing, and register all schemas')
    .action(create)
  topics
    .command('list', { isDefault: true })
    .description('show every topic, and whether it is there')
    .action(list)
}

async function create(): Promise<void> {
  const config = readConfig([
    'KAFKA_BROKERS',
    'SCHEMA_REGISTRY_URL',
    'TOPIC_PREFIX',
    'TOPIC_PARTITIONS',
    'TOPIC_REPLICATION',
  ])
  const created = await createTopics(config.KAFKA_BROKERS, config.TOPIC_PREFIX, {
    partitions: config.TOPIC_PARTITIONS,
    replication: config.TOPIC_REPLICATION,
  })
  for (const { name, topic, partitions, isNew } of created)
    print(name, partitions, topic, isNew ? 'created' : 'was there')
  await openCodecs(registryAt(config.SCHEMA_REGISTRY_URL), config.TOPIC_PREFIX)
  process.stdout.write('All schemas are registered.\n')
}

async function list(): Promise<void> {
  const config = readConfig(['KAFKA_BROKERS', 'TOPIC_PREFIX'])
  for (const { name, topic, partitions } of await listTopics(config.KAFKA_BROKERS, config.TOPIC_PREFIX))
    print(name, partitions, topic, partitions === null ? 'missing' : '')
}

function print(name: string, partitions: number | null, topic: TopicName, note: string): void {
  const { cleanup, key } = contracts[topic]
  const kept = cleanup.policy === 'compact' ? 'newest of each key' : `${cleanup.retentionDays} days`
  const columns = [
    name.padEnd(36),
    `${partitions ?? '-'}`.padStart(5),
    `by ${key}`.padEnd(10),
    kept.padEnd(18),
    note,
  ]
  process.stdout.write(`${columns.join('  ').trimEnd()}\n`)
}

// A release may change the schema of a state: what an earlier one has kept in a changelog is restored, and its timers fire.
import { readFileSync } from 'node:fs'
import avro from 'avsc'
import { afterAll, expect, test, vi } from 'vitest'
import { openPublisher } from '../infra/publisher.ts'
import { registryAt } from '../infra/registry.ts'
import { freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { readTopic } from '../infra/topic-reader.ts'
import { createTopics } from '../infra/topics.ts'
import { noRule } from '../processors/limits.ts'
import { unitStage } from '../processors/unit-stage.ts'
import { openCodecs, subjectOf } from '../schemas/codec.ts'
import type { Excursion, UnitChangelog } from '../schemas/generated/types.ts'
import { topicName } from '../schemas/topics.ts'
import { type RunningProcess, runProcess } from './main.ts'
import { TestDriver } from './test-driver.ts'
import { readingOf, uplinkOf } from './testing/counting.ts'
import { topology } from './topology.ts'

const at = (time: string): number => Date.parse(`2026-02-02T${time}:00Z`)
const { kafkaBrokers: brokers, schemaRegistryUrl } = testEngines()
const prefix = freshPrefix()
const registry = registryAt(schemaRegistryUrl)
const unitId = 'unit-0'
let running: RunningProcess | undefined

afterAll(() => running?.close())

/** Of a unit that is too warm since 10:05, five minutes before its excursion is confirmed, as the first release kept it. */
function stateOf(older: avro.Type): Buffer {
  const rule = { ...noRule, validFrom: 0, tempMax: 8, excursionConfirmMinutesDoorClosed: 15 }
  const of = { unitId, organizationId: 'o', siteId: 's', timeZone: 'UTC', devices: [] }
  const reading = { ...readingOf(uplinkOf('A', 0, at('10:05')), 9), unitId, kind: 'temperature' as const }
  const config = { ...of, versions: [rule] }
  const driver = new TestDriver(unitStage()).pipe('unit-configs', config).pipe('readings', reading)
  const state = driver.newest('unit-changelog').get(unitId) as UnitChangelog
  // It kept readings and what had gone out one by one, each with its instant.
  const { deviceId, recordedAt: timeMs, temperature: temperatureC, ...values } = reading
  let atMs = 0
  const sent = state.told.map((fact) => {
    atMs += fact.afterMs
    return { ...fact, atMs }
  })
  const records = [{ ...values, timeMs, device: 0, temperatureC }]
  return older.toBuffer({ ...state, config, devices: [deviceId], records, sent })
}

async function excursions(): Promise<Excursion[]> {
  const { decode } = (await openCodecs(registry, prefix)).of('excursions')
  const found: Excursion[] = []
  await readTopic({ brokers, topic: topicName(prefix, 'excursions') }, (messages) => {
    for (const { value } of messages) if (value !== null) found.push(decode(value))
  })
  return found
}

test('the state of an earlier release goes on where it stood', { timeout: 60_000 }, async () => {
  const text = readFileSync(new URL('../schemas/released/1/unit-changelog.avsc', import.meta.url), 'utf8')
  const older = avro.Type.forSchema(JSON.parse(text) as avro.Schema)
  const schemaId = await registry.register(subjectOf(prefix, 'unit-changelog'), text)
  const codecs = await openCodecs(registry, prefix)
  expect(codecs.of('unit-changelog').schemaId).not.toBe(schemaId)
  await createTopics(brokers, prefix, { partitions: 1, replication: 1 })
  const head = Buffer.alloc(5)
  head.writeUInt32BE(schemaId, 1)
  const publisher = await openPublisher(brokers)
  const later = codecs.of('uplinks').encode(uplinkOf('B', 0, at('11:00')))
  await publisher.publish([
    { topic: topicName(prefix, 'unit-changelog'), key: unitId, value: Buffer.concat([head, stateOf(older)]) },
    { topic: topicName(prefix, 'uplinks'), key: 'B', value: later },
  ])
  await publisher.close()

  running = await runProcess(
    {
      KAFKA_BROKERS: brokers,
      SCHEMA_REGISTRY_URL: schemaRegistryUrl,
      TOPIC_PREFIX: prefix,
      INSTANCE: '',
      GRACE: 7_200_000,
      CLOCK: 'events',
      STANDBY: 'false',
      SESSION_TIMEOUT: 6_000,
      COMMIT_INTERVAL: 20,
      COMMIT_RECORDS_MAX: 100,
      PROCESS_PORT: 0,
      LOG_LEVEL: 'error',
    },
    topology,
  )
  const confirmed = { unitId, startedAt: at('10:05'), confirmedAt: at('10:20') }
  await vi.waitFor(async () => expect(await excursions()).toMatchObject([confirmed]), 30_000)
})

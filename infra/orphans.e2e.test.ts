import rdkafka, { type ConsumerGlobalConfig, type KafkaConsumer, type TopicPartition } from 'node-rdkafka'
import { afterEach, expect, test } from 'vitest'
import { groupSettings, withAdmin } from './kafka.ts'
import { adoptOrphans, lookAt } from './orphans.ts'
import { freshPrefix, testEngines } from './testing/engines.ts'

type Rebalance = 'assign' | 'revoke'

const members: Member[] = []
afterEach(() => Promise.all(members.splice(0).map((member) => member.close())))

/** A member of a group that answers the group's questions, or keeps it waiting for the answer to `without`. */
class Member {
  readonly #client: KafkaConsumer
  readonly #polling: NodeJS.Timeout
  #isClosing = false

  constructor(global: object, topic: string, without?: Rebalance) {
    const { ERR__ASSIGN_PARTITIONS } = rdkafka.CODES.ERRORS
    const rebalance_cb = ({ code }: { code: number }, partitions: TopicPartition[]) => {
      const kind = code === ERR__ASSIGN_PARTITIONS ? 'assign' : 'revoke'
      if (kind === without && !this.#isClosing) return
      if (kind === 'assign') this.#client.incrementalAssign(partitions)
      else this.#client.incrementalUnassign(partitions)
    }
    this.#client = new rdkafka.KafkaConsumer({ ...global, rebalance_cb } as ConsumerGlobalConfig, {})
    this.#client.on('event.error', () => {}) // the one that is replaced hears of it
    this.#client.setDefaultConsumeTimeout(10)
    this.#client.once('ready', () => this.#client.subscribe([topic])).connect()
    // What a killed process does not do, it does not do here either: the callbacks come with reading.
    this.#polling = setInterval(() => this.#client.isConnected() && this.#client.consume(1, () => {}), 50)
    members.push(this)
  }

  get partitions(): number {
    return this.#client.isConnected() ? this.#client.assignments().length : 0
  }

  async close(): Promise<void> {
    this.#isClosing = true
    await new Promise((resolve) => this.#client.disconnect(resolve as () => void))
    clearInterval(this.#polling)
  }
}

test('what a member had given up, and nobody got because it was killed then, gets an owner', async () => {
  const { kafkaBrokers: brokers } = testEngines()
  const prefix = freshPrefix()
  const [topic, bystander] = [`${prefix}read`, `${prefix}beside`]
  await withAdmin(brokers, (admin) =>
    admin.createTopics({
      waitForLeaders: false,
      topics: [
        { topic, numPartitions: 4 },
        { topic: bystander, numPartitions: 1 },
      ],
    }),
  )
  const settingsOf = (name: string | null) => groupSettings(brokers, `${prefix}group`, name, 10_000)
  const group = { brokers, settings: settingsOf('first'), partitionsOf: new Map([[topic, 4]]) }
  const first = new Member(settingsOf('first').global, topic, 'revoke')
  await expect.poll(() => first.partitions, { timeout: 10_000 }).toBe(4)
  const second = new Member(settingsOf('second').global, topic)
  const isHalfDealt = async () => {
    const { isStable, orphans } = await lookAt(group)
    return isStable && orphans.length === 2
  }
  await expect.poll(isHalfDealt, { timeout: 10_000 }).toBe(true)
  // It comes back under its name before it has joined for the second round.
  const again = new Member(settingsOf('first').global, topic)
  await expect.poll(() => again.partitions, { timeout: 10_000 }).toBe(2)
  expect(await lookAt(group)).toMatchObject({
    isStable: true,
    orphans: [expect.anything(), expect.anything()],
  })
  expect(second.partitions).toBe(0)

  const warnings: object[] = []
  const log = { warn: (details: object) => void warnings.push(details) }
  await adoptOrphans({ ...group, bystander, log }, () => true)
  expect(warnings).toEqual([{ orphans: [expect.anything(), expect.anything()] }])
  await expect.poll(() => [again.partitions, second.partitions], { timeout: 10_000 }).toEqual([2, 2])
}, 60_000)

test('a member without a name, and a group that is whole, are left alone', async () => {
  const { kafkaBrokers: brokers } = testEngines()
  const prefix = freshPrefix()
  const topic = `${prefix}read`
  await withAdmin(brokers, (admin) =>
    admin.createTopics({ waitForLeaders: false, topics: [{ topic, numPartitions: 2 }] }),
  )
  const settings = groupSettings(brokers, `${prefix}group`, 'only')
  const only = new Member(settings.global, topic)
  await expect.poll(() => only.partitions, { timeout: 10_000 }).toBe(2)
  const log = { warn: () => expect.unreachable('Nothing is to be warned of.') }
  const partitionsOf = new Map([[topic, 2]])
  await adoptOrphans({ brokers, settings, partitionsOf, bystander: 'none', log }, () => true)
  const nameless = groupSettings('127.0.0.1:1', `${prefix}group`, null)
  await adoptOrphans(
    { brokers: '127.0.0.1:1', settings: nameless, partitionsOf, bystander: 'none', log },
    () => true,
  )
}, 30_000)

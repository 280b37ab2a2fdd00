// Partitions that no member of a group has, although the group takes itself for whole, and the way to get them an owner.
//
// A cooperative rebalance has two rounds: who is to give a partition up gives it up, and only joining again makes the next
// round deal it out. Where that member is killed between the two and comes back under its name (group.instance.id), the
// coordinator hands it the assignment of the first round and starts no second one: the partition is nobody's until the
// group changes for some other reason. Seen with Kafka 4.1 and librdkafka 2.8; a member without a name cannot cause it.
import { setTimeout as sleep } from 'node:timers/promises'
import rdkafka, { type ConsumerGlobalConfig } from 'node-rdkafka'
import { type ConsumerSettings, partitionsIn, withAdmin } from './kafka.ts'

/** Two looks that see the same: between the rounds of a rebalance, which take less, partitions are nobody's rightly. */
const LOOK_EVERY_MS = 3_000
const JOIN_WITHIN_MS = 10_000
const JOIN_LOOK_MS = 50
/** A client that has not left by then does not: it must not hold up the end of the process. */
const LEAVE_WITHIN_MS = 5_000

export type Group = {
  brokers: string
  /** Of one of its members. */
  settings: ConsumerSettings
  /** What its members read, by full names, with their numbers of partitions. */
  partitionsOf: ReadonlyMap<string, number>
  /** A topic that they do not read. */
  bystander: string
  log: { warn: (details: object, text: string) => void }
}

/**
 * Looks at the group that this process joins until it is whole, and makes it deal out anew what stays nobody's. Never
 * rejects. A member without a name has nothing to look for.
 */
export async function adoptOrphans(group: Group, isWanted: () => boolean): Promise<void> {
  if (group.settings.global['group.instance.id'] === undefined) return
  let before = ''
  for (;;) {
    await sleep(LOOK_EVERY_MS, undefined, { ref: false })
    if (!isWanted()) return
    try {
      const { isStable, members, orphans } = await lookAt(group)
      if (isStable && orphans.length === 0) return
      const dealt: string = isStable ? JSON.stringify(members) : ''
      if (isStable && dealt === before) {
        group.log.warn({ orphans }, 'Partitions are nobody’s: the group is asked to deal them out')
        await disturb(group, isWanted)
      }
      before = dealt
    } catch (error) {
      group.log.warn({ err: error }, 'Whether each partition has an owner cannot be asked: tries again')
    }
  }
}

/** `members`: their ids with their partitions; `orphans`: `topic/partition`. */
export type Look = { isStable: boolean; members: [string, string[]][]; orphans: string[] }

type Looking = Pick<Group, 'brokers' | 'settings' | 'partitionsOf'>

export const lookAt = ({ brokers, settings, partitionsOf }: Looking) =>
  withAdmin(brokers, async (admin): Promise<Look> => {
    const [described] = (await admin.describeGroups([String(settings.global['group.id'])])).groups
    const members = (described?.members ?? []).map(({ memberId, memberAssignment }): [string, string[]] => [
      memberId,
      partitionsIn(memberAssignment),
    ])
    const owned = new Set(members.flatMap(([, partitions]) => partitions))
    const orphans = allOf(partitionsOf).filter((partition) => !owned.has(partition))
    return { isStable: described?.state === 'Stable', members: members.sort(), orphans }
  })

const allOf = (partitionsOf: Group['partitionsOf']): string[] =>
  [...partitionsOf].flatMap(([topic, count]) =>
    Array.from({ length: count }, (_, partition) => `${topic}/${partition}`),
  )

/**
 * Joins the group for a moment, for a topic that nobody else reads: the others join again, keep what they have, and are
 * given what is nobody's.
 */
async function disturb({ settings, bystander }: Group, isWanted: () => boolean): Promise<void> {
  const { 'group.instance.id': _, ...global } = settings.global
  const client = new rdkafka.KafkaConsumer(global as ConsumerGlobalConfig, settings.topic)
  client.on('event.error', () => {})
  try {
    await new Promise<void>((resolve, reject) => {
      client.connect({ timeout: JOIN_WITHIN_MS }, (error) => (error ? reject(error) : resolve()))
    })
    client.subscribe([bystander])
    const deadlineMs = performance.now() + JOIN_WITHIN_MS
    // Two that disturb at once: only one of them is given the topic, and the other one leaves in the end.
    const isJoining = () => client.assignments().length === 0 && performance.now() < deadlineMs
    while (isWanted() && isJoining()) await sleep(JOIN_LOOK_MS)
  } finally {
    const left = new Promise<void>((resolve) => client.disconnect(() => resolve()))
    await Promise.race([left, sleep(LEAVE_WITHIN_MS, undefined, { ref: false })])
  }
}

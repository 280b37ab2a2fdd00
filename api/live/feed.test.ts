import { expect, test } from 'vitest'
import type { LiveEvent } from './events.ts'
import { everything, Feed, ofOrganization, ofSite, ofUnit, type Subscriber } from './feed.ts'

const hour = 3_600_000
const feedOf = (eventsMax = 100, ms = hour): Feed => {
  const feed = new Feed('readings', (unitId) => `site of ${unitId}`, { ms, eventsMax })
  feed.begin([0, 0])
  return feed
}

let writtenMs = 1_000_000
const event = (partition: number, offset: number, unitId = 'u'): LiveEvent => ({
  ...{ partition, offset, unitId, organizationId: 'o', isSimulated: false, writtenMs: writtenMs++ },
  row: { offset: `${partition}:${offset}` },
})

type Taken = { offset: string; cursor: string }

function listener(keys: readonly string[] = everything, room: () => Promise<boolean> = async () => true) {
  const taken: Taken[] = []
  const ended: string[] = []
  const subscriber: Subscriber = {
    keys,
    wants: () => true,
    take: (row) => {
      const { offset, cursor } = row as { offset: string; cursor: () => string }
      taken.push({ offset, cursor: cursor() })
    },
    hasRoom: room,
    end: ({ message }) => ended.push(message),
  }
  return { subscriber, taken, ended, offsets: () => taken.map(({ offset }) => offset) }
}

test('an event goes to whoever asked for its unit, its site, its organization or everything', async () => {
  const feed = feedOf()
  const listeners = [
    [ofUnit('u')],
    [ofSite('site of u')],
    [ofOrganization('o')],
    everything,
    [ofUnit('v')],
  ].map((keys) => listener(keys))
  for (const { subscriber } of listeners) await feed.subscribe(subscriber, null)
  feed.push(event(0, 0))
  feed.push(event(1, 0, 'w'))
  expect(listeners.map(({ offsets }) => offsets())).toEqual([
    ['0:0'],
    ['0:0'],
    ['0:0', '1:0'],
    ['0:0', '1:0'],
    [],
  ])
})

test('who has left hears nothing more', async () => {
  const feed = feedOf()
  const { subscriber, offsets } = listener()
  const leave = await feed.subscribe(subscriber, null)
  feed.push(event(0, 0))
  leave()
  feed.push(event(0, 1))
  expect(offsets()).toEqual(['0:0'])
})

test('from each cursor on everything comes once, in whatever order the partitions come elsewhere', async () => {
  const feed = feedOf()
  const live = listener()
  await feed.subscribe(live.subscriber, null)
  // Offsets that are missing are transactions' marks.
  const all = [event(0, 0), event(1, 3), event(0, 2), event(1, 4), event(0, 5)]
  for (const one of all) feed.push(one)
  const other = feedOf()
  for (const index of [1, 0, 3, 2, 4]) other.push(all[index]!)
  for (const [index, { cursor }] of live.taken.entries())
    for (const process of [feed, other]) {
      const { subscriber, offsets } = listener()
      await process.subscribe(subscriber, cursor)
      expect(offsets().toSorted()).toEqual(
        live
          .offsets()
          .slice(index + 1)
          .toSorted(),
      )
    }
})

test('what comes while a replay waits for its reader comes after it, and nothing is lost', async () => {
  const feed = feedOf()
  const first = listener()
  await feed.subscribe(first.subscriber, null)
  feed.push(event(0, 0))
  feed.push(event(0, 1))
  feed.push(event(0, 2))
  let offset = 3
  // Each time that it is waited for, one more comes.
  const resumed = listener(everything, async () => {
    if (offset < 8) feed.push(event(0, offset++))
    return true
  })
  await feed.subscribe(resumed.subscriber, first.taken[0]!.cursor)
  feed.push(event(0, offset++))
  expect(resumed.offsets()).toEqual(['0:1', '0:2', '0:3', '0:4', '0:5', '0:6', '0:7', '0:8'])
  const gone = listener(everything, async () => false)
  await feed.subscribe(gone.subscriber, first.taken[0]!.cursor)
  feed.push(event(0, offset++))
  expect(gone.offsets()).toEqual(['0:1'])
})

test('a cursor from before what is kept is refused, also while it is being replayed', async () => {
  const feed = feedOf(3)
  const { subscriber, taken } = listener()
  await feed.subscribe(subscriber, null)
  for (let offset = 0; offset < 5; offset++) feed.push(event(0, offset))
  await expect(feed.subscribe(listener().subscriber, taken[0]!.cursor)).rejects.toMatchObject({
    extensions: { code: 'CURSOR_TOO_OLD', advice: expect.stringContaining('connection') },
  })
  const inTime = listener()
  await feed.subscribe(inTime.subscriber, taken[1]!.cursor)
  expect(inTime.offsets()).toEqual(['0:2', '0:3', '0:4'])

  let offset = 5
  const slow = listener(everything, async () => {
    for (let count = 0; count < 5; count++) feed.push(event(0, offset++))
    return true
  })
  await expect(feed.subscribe(slow.subscriber, taken[1]!.cursor)).rejects.toMatchObject({
    extensions: { code: 'CURSOR_TOO_OLD' },
  })
})

test('what is older than the span is not kept', async () => {
  const feed = feedOf(100, 10)
  const { subscriber, taken } = listener()
  await feed.subscribe(subscriber, null)
  feed.push({ ...event(0, 0), writtenMs: 1_000 })
  feed.push({ ...event(0, 1), writtenMs: 1_005 })
  feed.push({ ...event(0, 2), writtenMs: 1_012 })
  await expect(feed.subscribe(listener().subscriber, JSON.stringify('no cursor'))).rejects.toThrow(
    'is not a cursor',
  )
  const early = Buffer.from(JSON.stringify(['readings', 0, 0])).toString('base64url')
  await expect(feed.subscribe(listener().subscriber, early)).rejects.toThrow('not all kept any more')
  await expect(feed.subscribe(listener().subscriber, taken[0]!.cursor)).resolves.toBeTypeOf('function')
})

test('a source that is lost ends its subscribers, who then go on from their cursors', async () => {
  const feed = feedOf()
  const { subscriber, ended, offsets } = listener()
  await feed.subscribe(subscriber, null)
  feed.end(new Error('Kafka is away'))
  feed.begin([0, 0])
  feed.push(event(0, 0))
  expect([ended, offsets()]).toEqual([['Kafka is away'], []])
})

test('thousands of events later the first kept one is still found', async () => {
  const feed = feedOf(10)
  const { subscriber, taken } = listener()
  await feed.subscribe(subscriber, null)
  for (let offset = 0; offset < 5_000; offset++) feed.push(event(offset % 2, Math.floor(offset / 2)))
  const resumed = listener()
  await feed.subscribe(resumed.subscriber, taken[4_991]!.cursor)
  expect(resumed.offsets()).toEqual(taken.slice(4_992).map(({ offset }) => offset))
})

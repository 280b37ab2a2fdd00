import { expect, test } from 'vitest'
import { fateOf } from './fate.ts'
import { idOf, type Letter, placeOf } from './letters.ts'

const prefix = 'coldstream.'

const letter = (over: Partial<Letter>): Letter => ({
  ...{ topic: 'coldstream.dead-letters', partition: 1, offset: 7 },
  ...{ source: 'uplinks', sourcePartition: 1, sourceOffset: 40, code: 'SCHEMA_UNKNOWN', explanation: '' },
  ...{ failedAt: new Date(0), key: Buffer.from('A'), value: Buffer.from([0]), headers: {} },
  ...{ retries: 0, retriedAt: null, ...over },
})

test('what a stage could not take goes back to its topic, whole', () => {
  expect(fateOf(letter({}), prefix)).toMatchObject({
    ...{ kind: 'topic', topic: 'coldstream.uplinks', isTable: false },
    advice: expect.stringContaining('GRACE'),
  })
})

test('a record of a table goes back only where nothing newer is there', () => {
  expect(fateOf(letter({ source: 'unit-configs' }), prefix)).toMatchObject({ kind: 'topic', isTable: true })
})

test.each([
  [
    'a body that the bridge kept',
    { source: 'north', sourcePartition: null, sourceOffset: null },
    'body.json',
  ],
  ['a state that cannot be settled', { source: 'unit-changelog', sourceOffset: -1 }, 'report the defect'],
  ['a record without a key', { key: null }, 'find who wrote it'],
  ['a record without a value', { value: null }, 'find who wrote it'],
  ['a topic that is no longer there', { source: 'gone' }, 'another version'],
  [
    'a reading that only the sink could not write',
    { topic: 'coldstream.readings', source: 'coldstream.readings' },
    'count them twice',
  ],
  [
    'a batch of readings that only the sink could not write',
    { topic: 'coldstream.reading-batches', source: 'coldstream.reading-batches' },
    'count them twice',
  ],
] as const)('%s stays, with what to do instead', (_, over, advice) => {
  expect(fateOf(letter(over), prefix)).toMatchObject({
    kind: 'stays',
    advice: expect.stringContaining(advice),
  })
})

test('another row that the sink could not write goes back to its own topic', () => {
  const ofSink = letter({ topic: 'coldstream.rollups', source: 'coldstream.rollups' })
  expect(fateOf(ofSink, prefix)).toMatchObject({ kind: 'topic', topic: 'coldstream.rollups', isTable: false })
})

test('a letter’s id leaves the prefix out and takes it, too', () => {
  const place = { topic: 'coldstream.dead-letters', partition: 1, offset: 7 }
  expect(idOf(place, prefix)).toBe('dead-letters/1/7')
  expect(placeOf('dead-letters/1/7', prefix)).toEqual(place)
  expect(placeOf('coldstream.dead-letters/1/7', prefix)).toEqual(place)
  expect(placeOf('7', prefix)).toBeUndefined()
})

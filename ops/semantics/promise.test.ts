// semantics.md, its head: same uplinks, same tables.
import { expect, test } from 'vitest'
import { at, door, reading } from '../../processors/testing/scenario.ts'
import { fridge, heard, judged } from './judged-twice.ts'

test('The final content of every table is a pure function of the logged uplinks', () => {
  const config = { units: { fridge: [fridge({ ...heard, delayMinutes: 5 })] } }
  const log = [
    reading('10:00', 5, { sessionKeyId: 's', fCnt: 1 }),
    door('10:02', true, { sessionKeyId: 'd', fCnt: 1 }),
    reading('10:10', 9, { sessionKeyId: 's', fCnt: 2 }),
    door('10:12', false, { sessionKeyId: 'd', fCnt: 2 }),
    reading('10:20', 9.5, { sessionKeyId: 's', fCnt: 3 }),
    reading('11:20', 5, { sessionKeyId: 's', fCnt: 4 }),
  ]
  const [one, two, three, four, five, six] = log
  const once = judged(config, log, '12:00')
  expect(once.find(({ topic }) => topic === 'excursions')?.value).toMatchObject({
    confirmedAt: at('10:25'),
    endedAt: at('11:20'),
  })
  const content = (lines: typeof once) => lines.map((line) => ({ ...line.value, revision: null }))
  const orders = [log.toReversed(), [three!, one!, five!, six!, two!, four!], [...log, ...log]]
  for (const order of orders)
    for (const commitRecords of [1, 2, 100])
      expect(content(judged(config, order, '12:00', commitRecords))).toEqual(content(once))
})

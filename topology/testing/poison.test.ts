// Dead letters are part of the transaction: whatever becomes of it, each is there once, whole, and its partition goes on.
import { expect, test } from 'vitest'
import type { Fate } from '../memory-runtime.ts'
import { encoded, TestDriver } from '../test-driver.ts'
import { counting, POISON, uplinkOf } from './counting.ts'

const at = (second: number) => Date.parse('2026-02-01T10:00:00Z') + second * 1_000
const headers = { via: 'north', trace: '4711' }
const poison = encoded('uplinks', uplinkOf('A', 1, at(1), POISON))
const cut = encoded('uplinks', uplinkOf('A', 2, at(2))).subarray(0, 9)
const unframed = Buffer.from('{"json":true}')

const fates: [string, Fate[]][] = [
  ['commits', []],
  ['aborts', ['abort', 'abort', 'commit', 'abort']],
  ['crashes', ['crash', 'commit', 'crash', 'crash']],
]

test.each(fates)(
  'a transaction that %s leaves each letter once, with bytes, headers, code and advice',
  (_, fate) => {
    const driver = new TestDriver(counting, { fate: (commit) => fate[commit % 5] ?? 'commit' })
    driver.pipe('uplinks', uplinkOf('A', 0, at(0)))
    for (const value of [poison, cut, unframed]) driver.pipeBytes('uplinks', 'A', value, headers)
    driver.pipe('uplinks', uplinkOf('A', 3, at(3))).advanceTo(at(60))
    const letters = driver.drain('dead-letters')
    expect(letters.map(({ code, offset }) => [code, offset])).toEqual([
      ['PROCESSOR_THREW', 1],
      ['RECORD_UNREADABLE', 2],
      ['RECORD_NOT_FRAMED', 3],
    ])
    expect(letters.map(({ value }) => value)).toEqual([poison, cut, unframed])
    for (const letter of letters) {
      expect(letter).toMatchObject({ source: 'uplinks', partition: 0, headers, key: Buffer.from('A') })
      expect(letter.explanation).toMatch(/report it|follow its schema|Find who wrote it/)
    }
    expect(driver.drain('rollups').reduce((sum, { count }) => sum + count, 0)).toBe(2)
  },
)

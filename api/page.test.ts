import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Connection, connectionOf, decodeCursor, encodeCursor, PAGE_MAX, pageOf } from './page.ts'

type Row = { ms: number; id: string }
const keyOf = ({ ms, id }: Row) => [ms, id] as const
const compare = (a: Row, b: Row) => a.ms - b.ms || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

/** What the database does with a page, over an array. */
function answer(rows: readonly Row[], args: Parameters<typeof pageOf>[1]): Connection<Row> {
  const page = pageOf('rows', args)
  const [ms, id] = page.key ?? []
  const beyond = (row: Row) => {
    if (ms === undefined) return true
    const order = compare(row, { ms, id: String(id) })
    return page.backward ? order < 0 : order > 0
  }
  const sorted = rows.filter(beyond).sort(compare)
  return connectionOf(
    'rows',
    page,
    (page.backward ? sorted.reverse() : sorted).slice(0, page.limit + 1),
    keyOf,
  )
}

const rowsOfFewInstants = fc.uniqueArray(fc.record({ ms: fc.integer({ min: 0, max: 5 }), id: fc.uuid() }), {
  selector: ({ ms, id }) => `${ms} ${id}`,
  maxLength: 40,
})

describe('paging', () => {
  test('both ways, by any page size, shows every row once and in order, however many share an instant', () => {
    fc.assert(
      fc.property(rowsOfFewInstants, fc.integer({ min: 1, max: 9 }), (rows, size) => {
        const forward: Row[] = []
        for (let after: string | null = null, more = true; more; ) {
          const page = answer(rows, { first: size, after })
          forward.push(...page.nodes)
          after = page.pageInfo.endCursor
          more = page.pageInfo.hasNextPage
        }
        const backward: Row[] = []
        for (let before: string | null = null, more = true; more; ) {
          const page = answer(rows, { last: size, before })
          backward.unshift(...page.nodes)
          before = page.pageInfo.startCursor
          more = page.pageInfo.hasPreviousPage
        }
        expect(forward).toEqual([...rows].sort(compare))
        expect(backward).toEqual(forward)
      }),
    )
  })

  test('a cursor comes back as it was made, and only to its own field', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0 }), fc.uuid(), fc.boolean(), (ms, id, simulated) => {
        expect(decodeCursor('readings', encodeCursor('readings', [ms, id, simulated]))).toEqual([
          ms,
          id,
          simulated,
        ])
      }),
    )
    expect(() => decodeCursor('alerts', encodeCursor('readings', [1, 'x']))).toThrow(/not a cursor/)
  })

  test('a forged cursor is refused, never handed to the database', () => {
    fc.assert(
      fc.property(fc.string(), fc.jsonValue(), (text, value) => {
        const forged = Buffer.from(JSON.stringify(['readings', value])).toString('base64url')
        if (!Number.isSafeInteger(value))
          expect(() => decodeCursor('readings', forged)).toThrow(/not a cursor/)
        expect(() => decodeCursor('readings', text)).toThrow(/not a cursor/)
      }),
    )
  })

  test('a page is asked for in one direction and within its limit', () => {
    expect(pageOf('x', {})).toEqual({ limit: 100, backward: false, key: undefined })
    expect(pageOf('x', { last: 5 })).toMatchObject({ limit: 5, backward: true })
    for (const args of [
      { first: 0 },
      { first: PAGE_MAX + 1 },
      { first: 1, last: 1 },
      { first: 1, before: 'x' },
    ])
      expect(() => pageOf('x', args)).toThrow(/`x` was/)
  })
})

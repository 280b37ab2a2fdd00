import { expect, test } from 'vitest'
import { mutantsOf } from './mutants.ts'

const changes = (source: string) => mutantsOf(source).map(({ line, after }) => `${line} ${after}`)

test('operators, constants and statements change, one at a time', () => {
  expect(changes('  if (a < b && c) return 0')).toEqual([
    '1 if (a <= b && c) return 0',
    '1 if (a < b || c) return 0',
    '1 if (a < b && c) return 1',
  ])
  expect(changes('x\n  touch(context, excursion)')).toEqual(['2 (left out)'])
  expect(changes('  excursion.endedMs = fold.positionMs')).toEqual(['1 (left out)'])
})

test('types, imports, strings and comments stay as they are', () => {
  const source = [
    "import type { A } from './a.ts'",
    'import {',
    '  b,',
    "} from './b.ts'",
    'export type T = 0 | 1',
    'type U = {',
    '  a: true',
    '}',
    '/** More than 1 > 0. */',
    '// a < b',
    "const text = 'a < b' // 0 && 1",
  ].join('\n')
  expect(changes(source)).toEqual([])
})

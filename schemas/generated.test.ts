import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { generateTypes } from './generate.ts'

test('the generated types are current', () => {
  expect(readFileSync(new URL('./generated/types.ts', import.meta.url), 'utf8')).toBe(generateTypes())
})

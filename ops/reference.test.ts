import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { withReference } from './reference.ts'

test('the generated parts of the README are current', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  expect(withReference(readme)).toBe(readme)
})

test('a README without the marks is an error that names them', () => {
  expect(() => withReference('# coldstream')).toThrow('<!-- topology -->')
})

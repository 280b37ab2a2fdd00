import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { generatedTexts, withReference } from './reference.ts'

test.each(Object.keys(generatedTexts))('the generated parts of %s are current', (name) => {
  const text = readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
  expect(withReference(text, name)).toBe(text)
})

test('a README without the marks is an error that names them', () => {
  expect(() => withReference('# coldstream')).toThrow('<!-- topology -->')
})

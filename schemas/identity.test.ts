import { expect, test } from 'vitest'
import { derivedId } from './identity.ts'

test('an id is a version 5 UUID and depends on every part, in order', () => {
  const id = derivedId('excursion', 'u1', 1000, 'high')
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(derivedId('excursion', 'u1', 1000, 'high')).toBe(id)
  expect(derivedId('excursion', 'u1', 1000, 'low')).not.toBe(id)
  expect(derivedId('excursion', 1000, 'u1', 'high')).not.toBe(id)
})

test('ids never change between releases: this one is written down', () => {
  expect(derivedId('excursion', 'u1', 1000, 'high')).toBe('cdf39246-c971-5656-bd0e-695032290510')
})

import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { apiKeys, presentedKey } from './api-keys.ts'

const keys = apiKeys(
  new Map([
    ['one', ['first-key-0000000', 'second-key-000000']],
    ['two', ['other-key-0000000']],
  ]),
)

test('a connection takes its own keys, both while one is replaced', () => {
  expect(keys.isValid('one', 'first-key-0000000')).toBe(true)
  expect(keys.isValid('one', 'second-key-000000')).toBe(true)
  expect(keys.isValid('two', 'other-key-0000000')).toBe(true)
})

test('it takes no other: not another connection’s, not a part, not none, not for a stranger', () => {
  expect(keys.isValid('one', 'other-key-0000000')).toBe(false)
  expect(keys.isValid('two', 'other-key-000000')).toBe(false)
  expect(keys.isValid('two', '')).toBe(false)
  expect(keys.isValid('three', 'other-key-0000000')).toBe(false)
  expect(keys.isValid('__proto__', '')).toBe(false)
})

test('the key is found in either header, its own first', () => {
  expect(presentedKey({ 'x-api-key': 'a' })).toBe('a')
  expect(presentedKey({ authorization: 'Bearer b' })).toBe('b')
  expect(presentedKey({ authorization: 'bearer  b' })).toBe('b')
  expect(presentedKey({ 'x-api-key': 'a', authorization: 'Bearer b' })).toBe('a')
  expect(presentedKey({ authorization: 'Basic b' })).toBe('')
  expect(presentedKey({})).toBe('')
})

test('a key may be kept as its hash, which is no key itself', () => {
  const stored = `sha256:${createHash('sha256').update('first-key-0000000').digest('hex')}`
  const hashed = apiKeys(new Map([['one', [stored]]]))
  expect(hashed.isValid('one', 'first-key-0000000')).toBe(true)
  expect(hashed.isValid('one', stored)).toBe(false)
  expect(hashed.isValid('one', 'second-key-000000')).toBe(false)
})

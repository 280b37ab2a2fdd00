import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
// @ts-expect-error: plain JavaScript, because it must run before anything is installed
import { missingOptionals } from './complete-lock.mjs'

test('the lock file names every optional package, or `npm ci` would refuse it: run complete-lock.mjs', () => {
  const path = join(import.meta.dirname, '../../package-lock.json')
  expect(missingOptionals(JSON.parse(readFileSync(path, 'utf8')))).toEqual([])
})

test('an optional package that is not locked is found', () => {
  const packages = { '': {}, 'node_modules/a': { optionalDependencies: { 'a-darwin-arm64': '1.0.0' } } }
  expect(missingOptionals({ packages })).toEqual([['node_modules/a', 'a-darwin-arm64', '1.0.0']])
})

import { expect, test } from 'vitest'
import type { TestModule } from 'vitest/node'
import { closingLine, tally } from './closing-line.ts'

const file = (state: 'passed' | 'failed', ...tests: string[]) =>
  ({
    state: () => state,
    children: { allTests: () => tests.map((result) => ({ result: () => ({ state: result }) })) },
  }) as unknown as TestModule

test('tests are counted over all files', () => {
  const total = tally([file('passed', 'passed', 'skipped'), file('failed', 'failed', 'passed')], [])
  expect(total).toEqual({ passed: 2, failed: 1, skipped: 1 })
})

test('a file that cannot be loaded has failed, though it has no test', () => {
  expect(tally([file('failed'), file('failed', 'passed')], []).failed).toBe(2)
})

test('a test that was cut off has not passed', () => {
  expect(tally([file('passed', 'pending')], [])).toEqual({ passed: 0, failed: 1, skipped: 0 })
})

test('an error outside every test fails the run', () => {
  expect(tally([file('passed', 'passed')], [new Error('late')])).toEqual({ passed: 1, failed: 1, skipped: 0 })
})

test('skipped tests are named only where there are any', () => {
  expect(closingLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed')
  expect(closingLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped')
})

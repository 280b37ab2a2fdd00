// The last line of `npm test`: `N passed, N failed`, and `, N skipped` where there are any.
import { writeSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

export type Tally = { passed: number; failed: number; skipped: number }

/** A file that cannot be loaded and an error outside every test count as a failed test each: they failed the run. */
export function tally(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): Tally {
  const total: Tally = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
  for (const module of modules) {
    let failedTests = 0
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') total.passed += 1
      else if (state === 'skipped') total.skipped += 1
      else failedTests += 1
    }
    if (module.state() === 'failed' && failedTests === 0) failedTests = 1
    total.failed += failedTests
  }
  return total
}

export function closingLine({ passed, failed, skipped }: Tally): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const total = tally(modules, unhandledErrors)
    // The engines are stopped after this; only at the exit nothing follows any more.
    process.once('exit', (code) => {
      // A run that fails without a failed test (its engines did not start, say) must not read like a good one.
      if (code !== 0 && total.failed === 0) total.failed = 1
      writeSync(1, `${closingLine(total)}\n`)
    })
  }
}

import { defineConfig } from 'vitest/config'

const elsewhere = ['node_modules', '.runtime', '.coldstream']

export default defineConfig({
  test: {
    reporters: ['default', './infra/testing/closing-line.ts'],
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['**/*.test.ts'],
          exclude: [...elsewhere, '**/*.e2e.test.ts'],
          testTimeout: 15_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['**/*.e2e.test.ts'],
          exclude: elsewhere,
          globalSetup: './infra/testing/global-setup.ts',
          // A native Kafka client must not share its process with another file's.
          pool: 'forks',
          testTimeout: 60_000,
          // A second, the default, is too short for a page on a busy machine.
          expect: { poll: { timeout: 15_000 } },
          hookTimeout: 60_000,
        },
      },
    ],
  },
})

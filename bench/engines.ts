// A broker and a registry of the bench's own, on ports and data of their own that are gone afterwards.
import { localEngines } from '../infra/local/local-engines.ts'
import { openScratch, removeAbandonedScratches } from '../infra/testing/scratch.ts'

export type BenchEngines = { kafkaBrokers: string; schemaRegistryUrl: string; kafkaDir: string }

export async function withEngines(use: (engines: BenchEngines) => Promise<void>): Promise<void> {
  await removeAbandonedScratches()
  const scratch = openScratch()
  const report = (line: string) => process.stderr.write(`engines: ${line}\n`)
  try {
    const started = await localEngines(['kafka', 'registry'], { dataDir: scratch.dir, report, ports: 'any' })
    try {
      const { kafkaBrokers = '', schemaRegistryUrl = '' } = started
      await use({ kafkaBrokers, schemaRegistryUrl, kafkaDir: `${scratch.dir}/kafka/data` })
    } finally {
      await started.stop()
    }
  } finally {
    await scratch.remove()
  }
}

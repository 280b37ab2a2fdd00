// What a report stands on: for each table under it the digest of the lines that the export of the same range gives.
// Anybody can make a digest again: `curl <export> | sha256sum`.
import { createHash } from 'node:crypto'
import type { Query } from '../database.ts'
import { type ExportedUnit, type ExportName, type ExportRequest, exportedText } from '../exports/lines.ts'
import { exportPath } from '../exports/routes.ts'

export type Evidence = { path: string; lines: number; sha256: string }

export type Manifest = {
  unit: string
  from: string
  to: string
  madeAt: string
  evidence: Evidence[]
}

const tables: readonly (readonly [ExportName, Readonly<Record<string, string>>])[] = [
  ['readings', {}],
  ['rollups', { granularity: 'hour' }],
  ['excursions', {}],
  ['doorOpenings', {}],
  ['silences', {}],
  ['alerts', {}],
  ['manualLogs', {}],
  ['correctiveActions', {}],
]

export async function evidenceOf(
  query: Query,
  unit: ExportedUnit,
  from: Date,
  to: Date,
): Promise<Evidence[]> {
  const evidence: Evidence[] = []
  for (const [name, further] of tables) {
    const request: ExportRequest = {
      name,
      from,
      to,
      format: 'ndjson',
      degrees: 'C',
      places: false,
      ...further,
    }
    const hash = createHash('sha256')
    let lines = 0
    for await (const text of exportedText(query, [unit], request)) {
      hash.update(text)
      lines += text.split('\n').length - 1
    }
    const range = { unit: unit.id, from: from.toISOString(), to: to.toISOString() }
    const asked = new URLSearchParams({ ...range, ...further, format: 'ndjson', places: 'false' })
    evidence.push({ path: `${exportPath(name)}?${asked}`, lines, sha256: hash.digest('hex') })
  }
  return evidence
}

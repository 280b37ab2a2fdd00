// GET /api/exports/…: CSV or NDJSON, streamed at the reader's pace.
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { accessOf } from '../access/hook.ts'
import type { Query } from '../database.ts'
import { checkRange } from '../page.ts'
import { parseInstant } from '../scalars.ts'
import type { TemperatureUnit } from '../temperature.ts'
import { type ExportName, type ExportRequest, exportedText, type Format } from './lines.ts'
import { type ScopeArgs, scopeOf } from './scope.ts'

type Asked = ScopeArgs & {
  from: string
  to: string
  format: Format
  temperatureUnit: TemperatureUnit
  places: boolean
  granularity?: string
  includeSimulated?: boolean
}

const contentTypes: Record<Format, string> = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
}

const common = {
  unit: { type: 'string', description: 'A unit, by id. Give one of unit, site and organization.' },
  site: { type: 'string', description: 'All units of a site, by id.' },
  organization: { type: 'string', description: 'All units of an organization, by id.' },
  from: { type: 'string', description: 'ISO 8601 with an offset; inclusive.' },
  to: { type: 'string', description: 'ISO 8601 with an offset; exclusive.' },
  format: { type: 'string', enum: ['csv', 'ndjson'], default: 'csv' },
  temperatureUnit: { type: 'string', enum: ['C', 'F'], default: 'C' },
  places: { type: 'boolean', default: true, description: 'Whether a line names its site and unit.' },
}

type Kind = { path: string; summary: string; description: string; properties?: object }

const kinds: Record<ExportName, Kind> = {
  readings: {
    path: 'readings',
    summary: 'Readings',
    description: 'Every reading of the range.',
    properties: {
      includeSimulated: {
        type: 'boolean',
        default: false,
        description: 'Also samples that were simulated on the network; they move nothing.',
      },
    },
  },
  rollups: {
    path: 'rollups',
    summary: 'Rollups',
    description: "Rollups whose window starts in the range, cut in the site's time zone.",
    properties: { granularity: { type: 'string', enum: ['hour', 'day', 'week', 'month'], default: 'day' } },
  },
  excursions: {
    path: 'excursions',
    summary: 'Temperature excursions',
    description: 'Excursions that touch the range.',
  },
  doorOpenings: {
    path: 'door-openings',
    summary: 'Door openings',
    description: 'Openings that touch the range.',
  },
  silences: { path: 'silences', summary: 'Silences', description: 'Silences that touch the range.' },
  alerts: { path: 'alerts', summary: 'Alerts', description: 'Alerts that touch the range.' },
  manualLogs: {
    path: 'manual-logs',
    summary: 'Manual logs',
    description: 'What people read by hand in the range.',
  },
  correctiveActions: {
    path: 'corrective-actions',
    summary: 'Corrective actions',
    description: 'What people did about alerts in the range.',
  },
}

export const exportPath = (name: ExportName): string => `/api/exports/${kinds[name].path}`

export function addExports(app: FastifyInstance): void {
  for (const name of Object.keys(kinds) as ExportName[]) {
    const { summary, description, properties } = kinds[name]
    const querystring = {
      type: 'object',
      required: ['from', 'to'],
      additionalProperties: false,
      properties: { ...common, ...properties },
    }
    const order = 'By unit, and then by time.'
    app.get<{ Querystring: Asked }>(
      exportPath(name),
      { schema: { tags: ['exports'], summary, description: `${description} ${order}`, querystring } },
      (request, reply) => sendExport(accessOf(request).query, name, request.query, reply),
    )
  }
}

async function sendExport(
  query: Query,
  name: ExportName,
  asked: Asked,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const range = { from: parseInstant(asked.from), to: parseInstant(asked.to) }
  checkRange(kinds[name].path, range)
  const { slug, units } = await scopeOf(query, asked)
  const request: ExportRequest = { ...asked, ...range, name, degrees: asked.temperatureUnit }
  const days = [range.from, range.to].map((at) => at.toISOString().slice(0, 10)).join('_')
  const fileName = `${slug}_${kinds[name].path}_${days}.${asked.format}`
  return reply
    .type(contentTypes[asked.format])
    .header('content-disposition', `attachment; filename="${fileName}"`)
    .header('cache-control', 'no-store')
    .send(Readable.from(exportedText(query, units, request), { objectMode: false, highWaterMark: 1 }))
}

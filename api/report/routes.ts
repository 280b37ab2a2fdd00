// GET /api/reports/units/:id: a compliance report of one unit and one period, as a page to print or to file.
import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { accessOf } from '../access/hook.ts'
import { refusal } from '../errors.ts'
import { asReportPage } from '../security-headers.ts'
import type { TemperatureUnit } from '../temperature.ts'
import { evidenceOf, type Manifest } from './manifest.ts'
import { reportPage, reportStyle } from './page.ts'
import { type Signer, signed } from './signing.ts'
import { unitReport } from './unit-report.ts'

type Options = { now: () => Date; signer: Signer | null }
type Asked = { firstDay: string; lastDay: string; temperatureUnit?: TemperatureUnit }

const day = { type: 'string', format: 'date' }
const querystring = {
  type: 'object',
  required: ['firstDay', 'lastDay'],
  additionalProperties: false,
  properties: {
    firstDay: { ...day, description: "First day of the period, by the site's clock." },
    lastDay: { ...day, description: 'Its last day, inside.' },
    temperatureUnit: { type: 'string', enum: ['C', 'F'], description: "Not given: the unit's own." },
  },
}
const styleSha256 = createHash('sha256').update(reportStyle).digest('base64')

export function addReports(app: FastifyInstance, { now, signer }: Options): void {
  const tags = ['reports']
  app.get<{ Params: { id: string }; Querystring: Asked }>(
    '/api/reports/units/:id',
    { schema: { tags, summary: 'Compliance report of a unit and a period, in HTML', querystring } },
    async (request, reply) => {
      const madeAt = now()
      const { query } = accessOf(request)
      const report = await unitReport(query, { unitId: request.params.id, ...request.query }, madeAt)
      const { unit, site, period } = report
      const manifest: Manifest = {
        unit: unit.id,
        from: period.from.toISOString(),
        to: period.to.toISOString(),
        madeAt: madeAt.toISOString(),
        evidence: await evidenceOf(
          query,
          { id: unit.id, name: unit.name, siteName: site.name },
          period.from,
          period.to,
        ),
      }
      const degrees = request.query.temperatureUnit ?? unit.temperatureUnit
      return asReportPage(reply, styleSha256)
        .type('text/html; charset=utf-8')
        .send(reportPage(report, signed(manifest, signer), degrees))
    },
  )
  app.get(
    '/api/reports/key',
    { schema: { tags, summary: 'The public key that reports are signed with, in PEM' } },
    async (_request, reply) => {
      if (signer === null)
        throw refusal('NOT_FOUND', 'This server signs no reports: REPORT_KEY_FILE is not set.')
      return reply.type('application/x-pem-file').send(signer.publicKeyPem)
    },
  )
}

// Incidents of gateways, and entries by hand, over a real, migrated Postgres: by organization, by site, from a silence.
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { type FilledApi, filledApi } from './testing/filled-api.ts'
import { idOf, insert, minutesAgo } from './testing/rows.ts'

let postgres: Postgres
let api: FilledApi
const silenceId = idOf('silence', 'behind the gateway')

beforeAll(async () => {
  postgres = openPostgres(await freshDatabase())
  api = await filledApi(postgres, pino({ level: 'silent' }))
  const incident = (name: string, minutes: number, more: object) => ({
    ...{ id: idOf('incident', name), gateway_id: name, organization_id: idOf('acme'), revision: 1 },
    ...{
      started_at: minutesAgo(minutes),
      detected_at: minutesAgo(minutes - 30),
      ended_at: null,
      state: 'open',
    },
    ...{
      unit_ids: [idOf('Dairy wall'), idOf('Salad bar')],
      silence_ids: [silenceId, idOf('silence', 'other')],
    },
    ...more,
  })
  await postgres.transaction(async (sql) => {
    await insert(sql, 'gateway_incidents', [
      incident('roof', 90, {}),
      incident('cellar', 300, { state: 'closed', ended_at: minutesAgo(200), silence_ids: [] }),
      incident('never', 80, { state: 'retracted' }),
    ])
    await insert(sql, 'silences', [
      {
        ...{
          id: silenceId,
          unit_id: idOf('Dairy wall'),
          organization_id: idOf('acme'),
          revision: 1,
          state: 'open',
        },
        ...{ started_at: minutesAgo(91), detected_at: minutesAgo(61) },
      },
    ])
    await insert(sql, 'manual_logs', [
      {
        ...{
          id: idOf('log', '1'),
          unit_id: idOf('Dairy wall'),
          organization_id: idOf('acme'),
          recorded_by: 'Kim',
        },
        ...{ recorded_at: minutesAgo(70), temperature_c: 4, created_at: minutesAgo(69) },
      },
    ])
  })
})
afterAll(async () => {
  await api?.app.close()
  await postgres?.end()
})

const fields = 'gatewayId state durationSeconds endedAt units { name }'

test('an organization lists its incidents by their start, with their units; retracted ones are not shown', async () => {
  const { data, errors } = await api.ask(
    `{ organization(slug: "acme") { gatewayIncidents(last: 10) { nodes { ${fields} } } } }`,
  )
  expect(errors).toBeUndefined()
  const units = expect.arrayContaining([{ name: 'Dairy wall' }, { name: 'Salad bar' }])
  expect(data.organization.gatewayIncidents.nodes).toEqual([
    {
      gatewayId: 'cellar',
      state: 'CLOSED',
      durationSeconds: 6_000,
      endedAt: minutesAgo(200).toISOString(),
      units,
    },
    { gatewayId: 'roof', state: 'OPEN', durationSeconds: 5_400, endedAt: null, units },
  ])
})

test('a site lists those that touch its units, and only open ones where that is asked', async () => {
  const { data } = await api.ask(
    `{ unit(id: "${idOf('Dairy wall')}") { site { gatewayIncidents(open: true) { nodes { gatewayId } } } } }`,
  )
  expect(data.unit.site.gatewayIncidents.nodes).toEqual([{ gatewayId: 'roof' }])
  const refused = await api.ask(
    '{ organization(slug: "acme") { gatewayIncidents(first: 0) { nodes { gatewayId } } } }',
  )
  expect(refused.errors?.[0]?.message).toMatch(/1 to 1000/)
})

test('a silence names the failure of a gateway that explains it', async () => {
  const { data } = await api.ask(
    `{ unit(id: "${idOf('Dairy wall')}") { silences { nodes { id gatewayIncident { gatewayId } } } } }`,
  )
  const nodes: { id: string; gatewayIncident: object | null }[] = data.unit.silences.nodes
  expect(nodes.find(({ id }) => id === silenceId)?.gatewayIncident).toEqual({ gatewayId: 'roof' })
  expect(nodes.some(({ gatewayIncident }) => gatewayIncident === null)).toBe(true)
})

test('what was read by hand stands beside what was measured', async () => {
  const { data, errors } = await api.ask(
    `{ unit(id: "${idOf('Dairy wall')}") { manualLogs { nodes { recordedAt temperature(unit: F) recordedBy } } } }`,
  )
  expect(errors).toBeUndefined()
  expect(data.unit.manualLogs.nodes).toEqual([
    { recordedAt: minutesAgo(70).toISOString(), temperature: expect.closeTo(39.2, 9), recordedBy: 'Kim' },
  ])
})

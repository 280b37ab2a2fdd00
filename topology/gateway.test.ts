import { expect, test } from 'vitest'
import { gatewayStage } from '../processors/gateway-stage.ts'
import { at, fridge, reading } from '../processors/unit-driver.ts'
import { unitStage } from '../processors/unit-stage.ts'
import type { GatewayIncident, Reading } from '../schemas/generated/types.ts'
import { defineTopology } from './define.ts'
import { TestDriver } from './test-driver.ts'

const topology = defineTopology('units and gateways', ({ source, stage }) => {
  const unit = stage(unitStage(), {
    'unit-configs': source('unit-configs'),
    'unit-entries': source('unit-entries'),
    readings: source('readings'),
  })
  stage(gatewayStage(), { 'gateway-silences': unit['gateway-silences'] })
})

const rule = { expectedReadingIntervalSeconds: 600, offlineTriggerMultiplier: 3 }

const unitIds = ['a', 'b', 'c', 'd']

/** Every ten minutes, unit after unit; between 10:00 and 11:30 the gateway is away. `d` has another gateway. */
const readings: Reading[] = Array.from({ length: 24 }, (_, i) => i)
  .flatMap((round) =>
    unitIds.map((unitId, i) => ({ unitId, ms: at('09:00') + round * 600_000 + i * 60_000 })),
  )
  .filter(({ unitId, ms }) => unitId === 'd' || ms < at('10:00') || ms >= at('11:30'))
  .map(({ unitId, ms }) => ({
    ...reading({ at: ms, device: `sensor of ${unitId}`, temperature: 5 }),
    unitId,
    gatewayId: unitId === 'd' ? 'gw-2' : 'gw-1',
  }))

function run(records: readonly Reading[], partitions: number, recordsPerCommit: number): GatewayIncident[] {
  const driver = new TestDriver(topology, { partitions, recordsPerCommit })
  for (const unitId of unitIds) driver.pipe('unit-configs', { ...fridge(rule), unitId })
  for (const record of records) driver.pipe('readings', record)
  driver.advanceTo('2026-02-02T13:00:00Z').advanceTo('2026-02-02T13:00:01Z')
  const last = new Map(driver.drain('gateway-incidents').map((incident) => [incident.id, incident]))
  return [...last.values()].filter(({ state }) => state !== 'retracted')
}

test('the units behind a gateway that was away are one incident', () => {
  expect(run(readings, 1, 1_000)).toMatchObject([
    {
      gatewayId: 'gw-1',
      organizationId: 'org',
      state: 'closed',
      startedAt: at('09:52'),
      detectedAt: at('10:21'),
      endedAt: at('11:31'),
      unitIds: ['a', 'b', 'c'],
    },
  ])
})

test('order inside grace, partitions and commits do not change it', () => {
  const content = (incidents: GatewayIncident[]) => incidents.map(({ revision: _revision, ...rest }) => rest)
  const expected = content(run(readings, 1, 1_000))
  for (const seed of [3, 5, 7, 11]) {
    // Later by up to an hour and a half, each by its own.
    const shuffled = readings
      .map((record, i) => ({ record, rank: record.recordedAt + ((i * 7919 * seed) % 90) * 60_000 }))
      .sort((a, b) => a.rank - b.rank)
    expect(
      content(
        run(
          shuffled.map(({ record }) => record),
          3,
          1 + seed,
        ),
      ),
    ).toEqual(expected)
  }
})

test('a buffered uplink that shows a unit was not silent takes the incident back', () => {
  const two = readings.filter(({ unitId }) => unitId !== 'c')
  const late = [10, 30, 50].map((minute, i) => ({
    ...two[0]!,
    recordedAt: at(`10:${minute}`) + i,
    receivedAt: at('11:29'),
  }))
  expect(run(two, 1, 1_000)).toHaveLength(1)
  const before = two.filter(({ recordedAt }) => recordedAt < at('11:20'))
  const after = two.filter(({ recordedAt }) => recordedAt >= at('11:20'))
  expect(run([...before, ...late, ...after], 1, 1_000)).toEqual([])
})

import { describe, expect, test } from 'vitest'
import { differences } from './compare.ts'
import { model } from './model.ts'
import type { Output } from './model-types.ts'
import { simplest, type World, world } from './worlds.ts'

const seeds = Array.from({ length: 80 }, (_, seed) => seed)
const outputsOf = ({ config, observations, asOfMs }: World) => model(config, observations, asOfMs)
const kindOf = ({ topic, value }: Output) =>
  `${topic} ${value.status ?? value.alertType ?? value.reason ?? value.direction ?? value.granularity ?? ''}`.trim()

test('the worlds show every kind of output there is', () => {
  expect([...new Set(seeds.flatMap((seed) => outputsOf(world(seed)).map(kindOf)))].sort()).toEqual(
    [
      ...['alerts alarm_active', 'alerts door_open', 'alerts monitoring_interrupted'],
      ...['door-events', 'door-openings', 'excursions high', 'excursions low', 'silences'],
      ...['quarantine clock', 'quarantine conflict', 'quarantine unassigned'],
      ...['rollups day', 'rollups hour', 'rollups month', 'rollups week'],
      ...['unit-status alarm_active', 'unit-status excursion', 'unit-status monitoring_interrupted'],
      ...['unit-status offline', 'unit-status ok', 'unit-status restoring'],
    ].sort(),
  )
})

test('a seed gives the same world again', () => {
  expect(world(7)).toEqual(world(7))
  expect(world(7)).not.toEqual(world(8))
})

describe('the model keeps the one promise', () => {
  test('copies of uplinks change nothing', () => {
    for (const seed of seeds) {
      const { observations, ...rest } = world(seed)
      const doubled = observations.flatMap((observation) => [observation, { ...observation }])
      expect(
        differences(outputsOf({ ...rest, observations }), outputsOf({ ...rest, observations: doubled })),
      ).toEqual([])
    }
  })

  test('with a grace longer than the world and no conflict, the order of arrival changes nothing', () => {
    for (const seed of seeds) {
      const { config, observations, ...rest } = world(seed)
      const log = withoutConflicts(observations).map((one, i) => ({ ...one, sessionKeyId: 's', fCnt: i }))
      const patient = { ...rest, config: { ...config, graceMinutes: 100_000 } }
      const inOrder = outputsOf({ ...patient, observations: log })
      const backwards = outputsOf({ ...patient, observations: log.toReversed() })
      expect(differences(inOrder, backwards)).toEqual([])
    }
  })

  test('a later clock takes nothing back that was fired or ended', () => {
    for (const seed of seeds) {
      const { config, observations } = world(seed)
      const early = model(config, observations)
      const newest = Math.max(...observations.map(({ recordedAt }) => Number(recordedAt)))
      const later = new Set(fired(model(config, observations, newest + 5 * 3_600_000)))
      expect(fired(early).filter((line) => !later.has(line))).toEqual([])
    }
  })
})

/** One observation a device and instant, live and history alike. */
function withoutConflicts(observations: World['observations']) {
  const first = new Map(observations.map((one) => [`${one.deviceId} ${one.recordedAt}`, one]))
  return [...first.values()]
}

/** All that has an instant and is over: what no later clock may change. */
function fired(outputs: Output[]): string[] {
  return outputs.flatMap(({ topic, key, value }) => {
    if (topic === 'rollups' || topic === 'quarantine') return []
    const start = value.startedAt ?? value.openedAt ?? value.causeStartedAt ?? value.recordedAt ?? value.at
    return [
      'confirmedAt',
      'criticalAt',
      'warningAt',
      'detectedAt',
      'triggeredAt',
      'endedAt',
      'closedAt',
      'at',
      'status',
    ]
      .filter((name) => value[name] !== null && value[name] !== undefined)
      .map((name) =>
        [topic, key, value.alertType ?? value.direction ?? '', start, name, value[name]].join(' '),
      )
  })
}

describe('comparing', () => {
  test('tells what is missing, what came instead, and overlooks order and a hair of a number', () => {
    const outputs = outputsOf(world(3))
    expect(differences(outputs, outputs.toReversed())).toEqual([])
    const [first, ...rest] = outputs.filter(({ topic }) => topic === 'rollups')
    const changed = (by: number) => ({
      ...first!,
      value: { ...first!.value, knownSeconds: Number(first!.value.knownSeconds) + by },
    })
    expect(differences([first!, ...rest], [changed(1e-12), ...rest])).toEqual([])
    expect(differences([first!, ...rest], [changed(1), ...rest]).map((line) => line[0])).toEqual(['-', '+'])
  })

  test('a failing world is made as small as it goes', () => {
    const hasAlarm = (candidate: World) =>
      outputsOf(candidate).some(({ value }) => value.status === 'alarm_active')
    const seed = seeds.find((candidate) => hasAlarm(world(candidate)))
    const small = simplest(world(seed!), hasAlarm)
    expect(hasAlarm(small)).toBe(true)
    expect(small.observations.length).toBeLessThanOrEqual(2)
  })
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { GatewayIncident, GatewaySilence as Told } from '../schemas/generated/types.ts'
import { type GatewaySilence, groupsOf, incidentOf } from './gateway-incident.ts'
import { gatewayStage } from './gateway-stage.ts'

const silence = (unitId: string, startedMs: number, detectedMs: number, endedMs: number | null = null) => ({
  unitId,
  silenceId: `${unitId} ${startedMs}`,
  revision: 1,
  startedMs,
  detectedMs,
  endedMs,
})

const incidentsOf = (silences: Iterable<GatewaySilence>) =>
  groupsOf(silences)
    .map(incidentOf)
    .filter((incident) => incident !== null)

const told = (silences: Iterable<GatewaySilence>) =>
  incidentsOf(silences).map(({ startedMs, detectedMs, endedMs, silences: members }) => [
    members.map(({ unitId }) => unitId).join(''),
    ...[startedMs, detectedMs, endedMs],
  ])

test('sensors that share a gateway and fall silent together are one incident that lists its units', () => {
  expect(told([silence('b', 5, 35), silence('a', 0, 30), silence('c', 9, 39)])).toEqual([
    ['abc', 9, 35, null],
  ])
})

test('a sensor that was heard after another one’s deadline did not fall silent with it', () => {
  expect(told([silence('a', 0, 30), silence('b', 30, 60)])).toEqual([])
  expect(told([silence('a', 0, 30), silence('b', 29, 60)])).toEqual([['ab', 29, 60, null]])
})

test('it ends when no two of its units are silent any more', () => {
  expect(told([silence('a', 0, 30, 50), silence('b', 5, 35, 52), silence('c', 9, 39)])).toEqual([
    ['abc', 9, 35, 52],
  ])
})

test('units that are silent one after the other are no incident', () => {
  expect(told([silence('a', 0, 30, 35), silence('b', 5, 35)])).toEqual([])
})

test('a second failure of the gateway is a second incident', () => {
  const first = [silence('a', 0, 30, 50), silence('b', 5, 35, 50)]
  const second = [silence('a', 60, 90, 99), silence('b', 61, 91, 99)]
  expect(told([...second, ...first])).toEqual([
    ['ab', 5, 35, 50],
    ['ab', 61, 91, 99],
  ])
})

// A slow model on whole instants: a group is the longest row of silences with an instant inside each, and an incident
// lasts wherever two are counted.

const arbitrarySilences = fc
  .array(
    fc.record({
      start: fc.nat(60),
      hold: fc.integer({ min: 1, max: 15 }),
      more: fc.option(fc.integer({ min: 1, max: 40 })),
    }),
    {
      maxLength: 9,
    },
  )
  .map((all) =>
    all.map(({ start, hold, more }, i) =>
      silence(`u${i}`, start, start + hold, more === null ? null : start + hold + more),
    ),
  )

const LAST = 200
const instants = Array.from({ length: LAST }, (_, i) => i)

function slowIncidents(silences: readonly GatewaySilence[]) {
  const left = [...silences].sort((a, b) => a.startedMs - b.startedMs || (a.unitId < b.unitId ? -1 : 1))
  const found: unknown[] = []
  while (left.length > 0) {
    let length = left.length
    const isCut = (t: number) => left.slice(0, length).every((s) => s.startedMs <= t && t < s.detectedMs)
    while (!instants.some(isCut)) length--
    const group = left.splice(0, length)
    const together = instants.filter(
      (t) => group.filter((s) => s.detectedMs <= t && (s.endedMs === null || t < s.endedMs)).length >= 2,
    )
    if (together.length === 0) continue
    const last = together.at(-1)!
    const units = group.map(({ unitId }) => unitId).sort()
    found.push([
      units.join(''),
      Math.max(...group.map((s) => s.startedMs)),
      together[0],
      last === LAST - 1 ? null : last + 1,
    ])
  }
  return found
}

test('incidents are those of a model that counts at every instant', () => {
  fc.assert(
    fc.property(arbitrarySilences, (silences) => {
      expect(told(silences)).toEqual(slowIncidents(silences))
    }),
    { numRuns: 2_000 },
  )
})

const record = (one: GatewaySilence, revision: number, state: Told['state']): Told => ({
  gatewayKey: 'org/gw',
  gatewayId: 'gw',
  organizationId: 'org',
  unitId: one.unitId,
  silenceId: one.silenceId,
  revision,
  state,
  startedAt: one.startedMs,
  detectedAt: one.detectedMs,
  endedAt: one.endedMs,
})

/** Each silence first open, some never were, the others as they are in the end. */
const storyOf = (one: GatewaySilence, isRetracted: boolean): Told[] => [
  record({ ...one, endedMs: null }, 1, 'open'),
  record(one, 2, isRetracted ? 'retracted' : one.endedMs === null ? 'open' : 'closed'),
]

test('whatever the order of the units, with copies, commits and restarts in between: the same incidents', () => {
  const stage = gatewayStage()
  const worlds = fc.record({
    silences: arbitrarySilences,
    retracted: fc.array(fc.boolean(), { minLength: 9, maxLength: 9 }),
    turns: fc.array(fc.record({ unit: fc.nat(8), does: fc.nat(3) }), { minLength: 30, maxLength: 60 }),
  })
  fc.assert(
    fc.property(worlds, ({ silences, retracted, turns }) => {
      const last = new Map<string, GatewayIncident>()
      const revisions = new Map<string, number>()
      let state = stage.initial('org/gw')
      const settle = () =>
        stage.settle(state, 0, (_topic, _key, value) => {
          expect(value.revision).toBe((revisions.get(value.id) ?? 0) + 1)
          revisions.set(value.id, value.revision)
          last.set(value.id, value)
        })
      const stories = silences.map((one, i) => storyOf(one, retracted[i]!))
      const positions = stories.map(() => 0)
      const take = (unit: number) => {
        const next = stories[unit]?.[positions[unit]!]
        if (next === undefined) return
        positions[unit]!++
        stage.onRecord(state, { topic: 'gateway-silences', value: next }, () => {})
      }
      for (const { unit, does } of turns) {
        take(unit)
        if (does > 0) settle()
        if (does > 1) state = stage.load(structuredClone(stage.save(state)))
      }
      for (const unit of silences.keys()) for (let i = 0; i < 2; i++) take(unit)
      settle()
      const open = [...last.values()].filter(({ state: is }) => is !== 'retracted')
      const expected = incidentsOf(silences.filter((_, i) => !retracted[i]))
      expect(
        open
          .map(({ unitIds, startedAt, detectedAt, endedAt }) => ({ unitIds, startedAt, detectedAt, endedAt }))
          .sort((a, b) => a.startedAt - b.startedAt),
      ).toEqual(
        expected
          .map(({ silences: members, startedMs, detectedMs, endedMs }) => ({
            unitIds: members.map(({ unitId }) => unitId),
            startedAt: startedMs,
            detectedAt: detectedMs,
            endedAt: endedMs,
          }))
          .sort((a, b) => a.startedAt - b.startedAt),
      )
    }),
    { numRuns: 500 },
  )
})

test('silences that have long been over are forgotten, and a copy of one does not come back', () => {
  const stage = gatewayStage()
  const state = stage.initial('org/gw')
  const sent: GatewayIncident[] = []
  const settle = (clockMs: number) => stage.settle(state, clockMs, (_topic, _key, value) => sent.push(value))
  const stories = [silence('a', 0, 30, 50), silence('b', 5, 35, 50)].flatMap((one) => storyOf(one, false))
  for (const value of stories) stage.onRecord(state, { topic: 'gateway-silences', value }, () => {})
  settle(50)
  settle(50 + 7 * 86_400_000 + 1)
  expect([state.silences.size, state.sent.size]).toEqual([0, 0])
  for (const value of stories) stage.onRecord(state, { topic: 'gateway-silences', value }, () => {})
  settle(50 + 8 * 86_400_000)
  expect(sent).toHaveLength(1)
})

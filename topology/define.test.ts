import { expect, test } from 'vitest'
import { defineTopology } from './define.ts'
import { copartitioned, describeAsMermaid, describeAsText } from './describe.ts'
import { counting, minutes, spread } from './testing/counting.ts'

test('a topology is data: its stages in the order of the flow, and who feeds whom', () => {
  expect(counting.sources).toEqual(['uplinks', 'devices'])
  expect(counting.stages.map(({ name, stream, upstream }) => ({ name, stream, upstream }))).toEqual([
    { name: 'spread', stream: 'uplinks', upstream: [] },
    { name: 'minutes', stream: 'readings', upstream: ['spread'] },
  ])
})

test('wrong wiring does not compile', () => {
  // Only the type check matters here; `npm run check` fails where one of the errors is not one any more.
  const wrong = () =>
    defineTopology('wrong', ({ source, stage }) => {
      const uplinks = source('uplinks')
      // @ts-expect-error uplinks are no readings
      stage(minutes, { readings: uplinks })
      // @ts-expect-error the devices table is missing
      stage(spread, { uplinks })
      const made = stage(spread, { uplinks, devices: source('devices') })
      // @ts-expect-error the stage makes no silences
      void made.silences
      // @ts-expect-error no such topic
      source('upliks')
    })
  expect(wrong).toThrow()
})

test('a topic that a stage writes is not taken from outside', () => {
  const wire = () =>
    defineTopology('wrong', ({ source, stage }) => {
      stage(spread, { uplinks: source('uplinks'), devices: source('devices') })
      stage(minutes, { readings: source('readings') })
    })
  expect(wire).toThrow('readings is written by a stage')
})

test('two stages do not share a name or a changelog', () => {
  const twice = (second: typeof minutes) => () =>
    defineTopology('wrong', ({ source, stage }) => {
      stage(minutes, { readings: source('readings') })
      stage(second, { readings: source('readings') })
    })
  expect(twice(minutes)).toThrow('Two stages are called minutes')
  expect(twice({ ...minutes, name: 'again' })).toThrow('Two stages keep their state in unit-configs')
})

test('a stage has exactly one stream', () => {
  const none = { ...minutes, streams: [] }
  expect(() =>
    defineTopology('x', ({ source, stage }) => void stage(none, { readings: source('readings') })),
  ).toThrow('exactly one stream')
})

test('topics that a task reads by partition number belong to one group', () => {
  expect(Object.fromEntries(copartitioned(counting))).toEqual({
    devEui: ['uplinks', 'devices', 'late-readings'],
    unitId: ['reading-batches', 'unit-configs'],
  })
})

test('a topology prints as text and as Mermaid', () => {
  expect(describeAsText(counting)).toContain('stream:    readings, written by spread')
  const mermaid = describeAsMermaid(counting)
  expect(mermaid).toMatch(/^flowchart LR\n/)
  expect(mermaid).toContain('  uplinks --> stage_spread')
  expect(mermaid).toContain('  devices -.->|table| stage_spread')
  expect(mermaid).toContain('  stage_minutes --> rollups')
})

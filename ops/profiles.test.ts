import { expect, onTestFinished, test } from 'vitest'
import { profiles } from '../processors/profiles/catalog.ts'
import { differences, examplesOf } from './profiles/examples.ts'
import { listProfiles, showProfile, testProfiles } from './profiles.ts'

function printed(run: (out: (line: string) => void) => void): { lines: string[]; exitCode: unknown } {
  onTestFinished(() => {
    process.exitCode = 0
  })
  process.exitCode = 0
  const lines: string[] = []
  run((line) => lines.push(line))
  return { lines, exitCode: process.exitCode }
}

test('list names every model once, with decoder and version', () => {
  const { lines } = printed((out) => listProfiles({}, out))
  expect(lines).toHaveLength(1 + profiles.flatMap(({ models }) => models).length)
  expect(lines.find((line) => line.startsWith('dragino/lht65n '))).toMatch(
    /dragino-lht65 v\d+ +20 min +temperature/,
  )
  const { lines: json } = printed((out) => listProfiles({ brand: 'Milesight', json: true }, out))
  expect(json.map((line) => JSON.parse(line).brand)).toEqual(json.map(() => 'milesight-iot'))
})

test('show tells how the door is told, and an unknown device is an error', () => {
  const { lines } = printed((out) => showProfile('elsys/ems-door', {}, out))
  expect(lines.join('\n')).toMatch(/door +needs `openIs`/)
  expect(printed((out) => showProfile('dragino/toaster', {}, out)).exitCode).toBe(1)
})

test('test decodes the published examples of all profiles as published', () => {
  const { lines, exitCode } = printed((out) => testProfiles(undefined, {}, out))
  expect(lines.at(-1)).toMatch(/^\d{3} examples read as published, 0 not$/)
  expect(exitCode).toBe(0)
})

test('an example that is not read as published is told', () => {
  const [example] = examplesOf(profiles.find(({ models }) => models.includes('lht65'))!)
  expect(differences({ ...example!, temperature_c: 3 })).toEqual(['temperature is 28.29, not 3'])
  expect(differences({ ...example!, kind: 'none' })).toEqual(['is measurement, not none'])
})

test('test decodes a payload of one’s own, by the profile’s door where none is given', () => {
  const hex = '0102011E01000000000000'
  const run = (openIs?: 0 | 1) =>
    printed((out) =>
      testProfiles('netvox/r311a', { hex, port: 6, ...(openIs !== undefined && { openIs }) }, out),
    )
  expect(JSON.parse(run().lines[0]!)).toMatchObject({ doorOpen: true, batteryVolts: 3 })
  expect(JSON.parse(run(0).lines[0]!)).toMatchObject({ doorOpen: false })
  expect(printed((out) => testProfiles('netvox/r311a', { hex: '01', port: 6 }, out)).exitCode).toBe(1)
})

test('test reads what a network decoded, and says what it repaired', () => {
  const { lines } = printed((out) =>
    testProfiles(
      'mclimate/co2-display',
      { decoded: { sensorTemperature: 0 }, normalized: [{ air: {} }] },
      out,
    ),
  )
  expect(JSON.parse(lines[0]!)).toMatchObject({ measurement: { temperature: 0 } })
  expect(lines.slice(1)).toEqual([
    'read as: normalized_payload',
    expect.stringContaining('warning: temperature 0'),
  ])
})

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FleetInvalid, parseFleet } from './fleet-file.ts'
import { ruleFieldNames } from './rules.ts'

function problemsOf(text: string): readonly string[] {
  try {
    parseFleet(text, 'fleet.yaml')
    return []
  } catch (error) {
    if (error instanceof FleetInvalid) return error.problems
    throw error
  }
}

const fleet = (unit: string) => `organizations:
  - slug: a
    name: A
    sites:
      - slug: s
        name: S
        areas:
          - slug: x
            name: X
            units:
${unit.replace(/^/gm, '              ')}
`

test('every problem is reported, with its line and column, in the order of the file', () => {
  const text = fleet(`- slug: u
  name: U
  typ: fridge
  type: fridg
  rule: { tempMin: 9, tempMax: 3, delayMinutes: -1 }
  devices:
    - devEui: 2026012345678901
      name: digits
    - { devEui: "A840410000000001", name: one, validFrom: 2026-01-01 }
    - { devEui: "a840410000000001", name: same }
    - { devEui: "A840410000000002", name: moved, validFrom: "2026-03-01T00:00:00Z",
        history: [{ unit: s/nowhere }] }
- slug: u
  name: same
  type: freezer`).replace('    name: A\n', '    name: A\n    timeZone: Europe/Berlinn\n')
  expect(problemsOf(text)).toEqual([
    'fleet.yaml:4:5: timeZone Europe/Berlinn is no IANA time zone, such as Europe/Berlin',
    'fleet.yaml:14:17: typ is not known here: did you mean type?',
    'fleet.yaml:15:17: type must be one of fridge, freezer, display_case, walk_in_cooler, walk_in_freezer, blast_chiller',
    'fleet.yaml:16:25: tempMin 9 is above tempMax 3',
    'fleet.yaml:16:49: delayMinutes must be >= 0',
    'fleet.yaml:18:21: devEui must be string: write it in quotes',
    'fleet.yaml:20:62: validFrom must be an instant with its offset, such as 2026-03-01T00:00:00Z',
    'fleet.yaml:21:23: devEui a840410000000001 is already that of another device',
    'fleet.yaml:23:35: unit s/nowhere is no unit of this organization: give site/unit',
    'fleet.yaml:24:17: slug u is already that of another unit of this site',
  ])
})

test('limits that only contradict each other by inheritance are found', () => {
  const text = fleet('- { slug: u, name: U, type: fridge, rule: { tempMax: 1 } }').replace(
    '    name: A\n',
    '    name: A\n    rule: { tempMin: 2 }\n',
  )
  expect(problemsOf(text)).toEqual([
    'fleet.yaml:12:17: has the effective tempMin 2 above tempMax 1: one is inherited',
  ])
})

test('versions must ascend, and say since when after the first', () => {
  const rule = (history: string) =>
    fleet(`- slug: u
  name: U
  type: fridge
  ruleHistory: [${history}]
  rule: { validFrom: "2026-05-01T00:00:00Z", tempMax: 1 }`)
  expect(problemsOf(rule('{ tempMax: 5 }, { validFrom: "2026-02-01T00:00:00Z", tempMax: 4 }'))).toEqual([])
  expect(problemsOf(rule('{ tempMax: 5 }, { tempMax: 4 }'))).toEqual([
    'fleet.yaml:14:47: needs validFrom, since there is a version before it',
  ])
  expect(problemsOf(rule('{ validFrom: "2026-07-01T00:00:00Z", tempMax: 4 }'))).toEqual([
    'fleet.yaml:15:25: validFrom must be later than that of the version before it',
  ])
})

test('text that is not YAML, or not a fleet, is said to be so', () => {
  expect(problemsOf('organizations: [')[0]).toMatch(/^fleet\.yaml:1:17: not YAML: /)
  expect(problemsOf('')).toEqual(['fleet.yaml:1:1: must be object'])
  expect(problemsOf('organizations: 3')).toEqual(['fleet.yaml:1:1: organizations must be array'])
})

test('the demo fleet is valid, and has the size and the sensors that it is meant to have', () => {
  const file = 'ops/fleet/demo-fleet.yaml'
  const { organizations } = parseFleet(readFileSync(file, 'utf8'), file)
  const units = organizations
    .flatMap((o) => o.sites ?? [])
    .flatMap((s) => s.areas ?? [])
    .flatMap((a) => a.units ?? [])
  const devices = units.flatMap((unit) => unit.devices ?? [])
  expect([organizations.length, units.length, devices.length]).toEqual([2, 24, 40])
  expect(new Set(units.map(({ type }) => type)).size).toBe(6)
  expect([...new Set(devices.map(({ model }) => model))].sort()).toEqual([
    'elt-2',
    'em300-mcs',
    'em300-th',
    'ems',
    'ers',
    'lds02',
    'lht65',
    'tbdw100',
    'tbhv110',
    'ws301',
  ])
})

test('the schema knows every field of a rule', () => {
  const schema = JSON.parse(readFileSync('ops/fleet/fleet.schema.json', 'utf8'))
  for (const name of ['rule', 'datedRule'])
    expect(Object.keys(schema.$defs[name].properties)).toEqual(['validFrom', 'preset', ...ruleFieldNames])
})

test('a rule may name a preset and set budgets; names, lots and contradictions are checked', () => {
  const text = `organizations:
  - slug: o
    name: O
    rule:
      preset: who-vaccine-refrigerator
      tempMin: 9
      budgets:
        - { name: warm, side: above, limit: 8, over: lot, minutes: 30 }
        - { name: warm, side: above, limit: 9, over: day, lot: A, minutes: 30 }
`
  expect(() => parseFleet(text, 'f.yaml')).toThrow(
    expect.objectContaining({
      problems: [
        'f.yaml:6:7: tempMin 9 is above tempMax 8',
        'f.yaml:8:11: is over a lot and needs lot: which one',
        'f.yaml:9:13: name warm is already that of another budget of this rule',
        'f.yaml:9:59: lot goes with over: lot only',
      ],
    }),
  )
  expect(() => parseFleet(text.replace('who-vaccine-refrigerator', 'who'), 'f.yaml')).toThrow(
    /preset must be one of/,
  )
})

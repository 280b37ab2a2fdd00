// Each preset in a world at its edges: the last instant before, and the first at which it says something.
import { expect, test } from 'vitest'
import { presetOf, presets } from './presets.ts'
import { at, fridge, hours, minutes, UnitDriver } from './unit-driver.ts'

/** Readings every 10 minutes of the temperature that the schedule says, from 00:00 on. */
function world(name: string, schedule: readonly [untilHour: number, temperature: number][]) {
  const driver = new UnitDriver(fridge({ ...presetOf(name)?.rule, delayMinutes: 0 }))
  let ms = at('00:00')
  for (const [untilHour, temperature] of schedule)
    for (; ms < at('00:00') + hours(untilHour); ms += minutes(10)) driver.pipe({ at: ms, temperature })
  return driver.advanceTo(ms - 1)
}

const told = (driver: UnitDriver) =>
  [
    ...driver.last('budgets').map(({ name, exceededAt }) => `${name} ${clock(exceededAt)}`),
    ...driver
      .last('excursions')
      .map(({ direction, confirmedAt }) => `${direction} ${confirmedAt === null ? '-' : clock(confirmedAt)}`),
  ].sort()

const clock = (ms: number) => new Date(ms).toISOString().slice(11, 16)

const worlds: Record<string, [schedule: [number, number][], told: string[]][]> = {
  'who-vaccine-refrigerator': [
    [
      [
        [1, 5],
        [11, 8],
      ],
      [],
    ],
    [
      [
        [1, 5],
        [10.9, 8.1],
        [12, 8],
      ],
      ['high -'],
    ],
    [
      [
        [1, 5],
        [11.5, 8.1],
      ],
      ['heat 11:00', 'high 11:00'],
    ],
    [
      [
        [1, 5],
        [3, -0.4],
      ],
      ['low -'],
    ],
    [
      [
        [1, 5],
        [1.9, -0.5],
        [3, 4],
      ],
      ['low -'],
    ],
    [
      [
        [1, 5],
        [3, -0.5],
      ],
      ['freeze 02:00', 'low -'],
    ],
  ],
  'who-vaccine-shipment': [
    [
      [
        [1, 20],
        [10.8, 30],
        [12, 29.9],
      ],
      [],
    ],
    // Ten hours in all, with a cool night in between.
    [
      [
        [6, 30],
        [12, 20],
        [17, 31],
      ],
      ['warm 16:00'],
    ],
    [
      [
        [1, 20],
        [1.9, 45],
        [3, 29],
      ],
      [],
    ],
    [
      [
        [1, 20],
        [3, 45],
      ],
      ['hot 02:00'],
    ],
    [
      [
        [1, 20],
        [3, -0.5],
      ],
      ['freeze 02:00'],
    ],
  ],
  'cdc-vaccine-refrigerator': [
    [
      [
        [1, 2],
        [2, 8],
      ],
      [],
    ],
    [
      [
        [1, 5],
        [1.2, 8.1],
        [2, 5],
      ],
      ['high 01:00'],
    ],
    [
      [
        [1, 5],
        [1.2, 1.9],
        [2, 5],
      ],
      ['low 01:00'],
    ],
  ],
  'cdc-vaccine-freezer': [
    [
      [
        [1, -15],
        [2, -50],
      ],
      [],
    ],
    [
      [
        [1, -20],
        [1.2, -14.9],
        [2, -20],
      ],
      ['high 01:00'],
    ],
    [
      [
        [1, -20],
        [1.2, -50.1],
        [2, -20],
      ],
      ['low 01:00'],
    ],
  ],
  'fda-food-code-four-hours': [
    [
      [
        [1, 4],
        [6, 5],
      ],
      [],
    ],
    [
      [
        [1, 4],
        [4.9, 5.1],
        [6, 5],
      ],
      ['high 01:00'],
    ],
    [
      [
        [1, 4],
        [6, 5.1],
      ],
      ['four-hours 05:00', 'high 01:00'],
    ],
    // Back in range in between: a stretch of its own.
    [
      [
        [1, 4],
        [4, 5.1],
        [4.1, 5],
        [8, 5.1],
      ],
      ['high 01:00', 'high 04:10'],
    ],
  ],
  'eu-quick-frozen-storage': [
    [
      [
        [1, -25],
        [3, -18],
      ],
      [],
    ],
    [
      [
        [1, -25],
        [3, -17.9],
      ],
      ['high 01:00'],
    ],
  ],
  'eu-quick-frozen-transport': [
    [
      [
        [1, -25],
        [3, -15],
      ],
      [],
    ],
    [
      [
        [1, -25],
        [3, -14.9],
      ],
      ['high 01:00'],
    ],
  ],
}

test.each(presets)('$name says something at its edges, and nothing before them', ({ name }) => {
  const cases = worlds[name] ?? []
  expect(cases.length).toBeGreaterThan(1)
  for (const [schedule, expected] of cases) expect(told(world(name, schedule))).toEqual(expected)
})

test('every preset names its source, and budgets have names that a retraction can carry', () => {
  for (const { name, source, note, rule } of presets) {
    expect(name).toMatch(/^[a-z0-9-]+$/)
    expect(source.length + note.length).toBeGreaterThan(60)
    for (const budget of rule.budgets ?? []) expect(budget.name).toMatch(/^[a-z0-9][a-z0-9-]*$/)
  }
})

// Rules that people expect, by name and with their sources. A preset is the widest layer of the rule that names it: what
// the rule sets beside it wins. They are starting points: what a product's own label says comes first.
import type { Budget, Rule } from '../schemas/generated/types.ts'

export type Preset = {
  name: string
  title: string
  source: string
  /** What of the source it says, and what it leaves to people. */
  note: string
  rule: Partial<Omit<Rule, 'validFrom'>>
}

const above = (name: string, limit: number, minutes: number, more: Partial<Budget> = {}): Budget => ({
  ...{ name, side: 'above', limit, atLimit: false, over: 'consecutive', lot: null, minutes },
  ...more,
})
const atOrAbove = (name: string, limit: number, minutes: number, more: Partial<Budget> = {}): Budget =>
  above(name, limit, minutes, { atLimit: true, ...more })
const atOrBelow = (name: string, limit: number, minutes: number): Budget =>
  above(name, limit, minutes, { side: 'below', atLimit: true })

const hours = (count: number): number => count * 60
/** Another lot is another name: say it in the rule. */
const anyLot = { over: 'lot', lot: 'shipment' } as const

export const presets: readonly Preset[] = [
  {
    name: 'who-vaccine-refrigerator',
    title: 'Vaccine refrigerator, WHO alarm settings',
    source:
      'WHO/PQS E006 (temperature monitoring devices): factory alarm settings of 30-day electronic refrigerator ' +
      'loggers, heat alarm above +8 °C for 10 h, freeze alarm at or below −0.5 °C for 60 min',
    note: 'In range is 2 to 8 °C. An excursion is an alarm after 10 h; freezing has a budget of its own.',
    rule: {
      tempMin: 2,
      tempMax: 8,
      excursionConfirmMinutesDoorClosed: hours(10),
      budgets: [above('heat', 8, hours(10)), atOrBelow('freeze', -0.5, 60)],
    },
  },
  {
    name: 'who-vaccine-shipment',
    title: 'International vaccine shipment, freeze-sensitive vaccines (type I device)',
    source:
      'WHO/IVB/05.23, Guidelines on the international packaging and shipping of vaccines: type I device, 45 °C and ' +
      'above for 1 h, 30 °C and above for 10 h in all, −0.5 °C and below for 1 h',
    note: 'The 10 h add up over the shipment: give each its own lot by setting budgets in the rule.',
    rule: {
      budgets: [
        atOrAbove('hot', 45, hours(1)),
        atOrAbove('warm', 30, hours(10), anyLot),
        atOrBelow('freeze', -0.5, hours(1)),
      ],
    },
  },
  {
    name: 'cdc-vaccine-refrigerator',
    title: 'Vaccine refrigerator, CDC and Vaccines for Children',
    source:
      'CDC, Vaccine Storage and Handling Toolkit (March 2024), section three: 2 °C to 8 °C (36 °F to 46 °F), digital ' +
      'data logger with an interval of at most 30 min',
    note: 'Every reading outside is an excursion that a person must judge, so it is confirmed at once.',
    rule: {
      tempMin: 2,
      tempMax: 8,
      excursionConfirmMinutesDoorClosed: 0,
      expectedReadingIntervalSeconds: 1800,
    },
  },
  {
    name: 'cdc-vaccine-freezer',
    title: 'Vaccine freezer, CDC and Vaccines for Children',
    source:
      'CDC, Vaccine Storage and Handling Toolkit (March 2024), section three: −50 °C to −15 °C (−58 °F to +5 °F), ' +
      'digital data logger with an interval of at most 30 min',
    note: 'Every reading outside is an excursion that a person must judge, so it is confirmed at once.',
    rule: {
      tempMin: -50,
      tempMax: -15,
      excursionConfirmMinutesDoorClosed: 0,
      expectedReadingIntervalSeconds: 1800,
    },
  },
  {
    name: 'fda-food-code-four-hours',
    title: 'Cold holding of food, four hours without temperature control',
    source:
      'FDA Food Code 3-501.16(A)(2): 5 °C (41 °F) or less; 3-501.19(B), time as a public health control: discarded ' +
      'within 4 h from the point in time when the food is removed from temperature control',
    note:
      'The four hours run from the first reading above 5 °C to the next one in range. Food that has been above it ' +
      'stays marked: its time is not given back, and that is for people to see to.',
    rule: { tempMax: 5, budgets: [above('four-hours', 5, hours(4))] },
  },
  {
    name: 'eu-quick-frozen-storage',
    title: 'Quick-frozen food in storage, EU',
    source:
      'Council Directive 89/108/EEC, article 5(1): −18 °C or lower at all points; Regulation (EC) No 37/2005, ' +
      'article 2: recorded at frequent and regular intervals, kept for a year at least',
    note: 'No tolerance: that is for transport, local distribution and display cabinets.',
    rule: { tempMax: -18 },
  },
  {
    name: 'eu-quick-frozen-transport',
    title: 'Quick-frozen food in transport, EU',
    source:
      'Council Directive 89/108/EEC, article 5(2)(a): brief upward fluctuations of at most 3 °C during transport; ' +
      'Regulation (EC) No 37/2005, article 2',
    note:
      'Above −15 °C is out of range. The directive says "brief" and no number: add a budget above −18 °C over the lot ' +
      'with the time that your inspection accepts.',
    rule: { tempMax: -15 },
  },
]

export const presetNames: readonly string[] = presets.map(({ name }) => name)

export const presetOf = (name: string): Preset | undefined => presets.find((preset) => preset.name === name)

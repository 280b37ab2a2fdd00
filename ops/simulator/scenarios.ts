// Named sets of faults, laid out backwards from one instant, the anchor: what a person who looks at the dashboard then
// should find.
import type { Span } from './door-traffic.ts'
import type { Fault, FaultKind } from './faults.ts'
import type { SimulatedFleet, SimulatedUnit } from './fleet.ts'
import { type Chance, chanceOf } from './random.ts'

type Layout = { fleet: SimulatedFleet; anchorMs: number; chance: Chance; taken: Set<string> }

const hourMs = 3_600_000
const minuteMs = 60_000

/** `fromHours` and `toHours` after the anchor; negative is before. */
const span = ({ anchorMs }: Layout, fromHours: number, toHours: number): Span => ({
  fromMs: anchorMs + fromHours * hourMs,
  toMs: anchorMs + toHours * hourMs,
})

const unitsOf = (fleet: SimulatedFleet): SimulatedUnit[] => fleet.sites.flatMap((site) => site.units)
const givesTemperature = (unit: SimulatedUnit) =>
  unit.devices.filter((device) => device.model.gives.temperature)
const hasDoor = (unit: SimulatedUnit) => unit.devices.some((device) => device.model.gives.door)

/** One fault a unit, or the stories get mixed up. */
function pickUnit(layout: Layout, suits: (unit: SimulatedUnit) => boolean): SimulatedUnit[] {
  const free = unitsOf(layout.fleet).filter((unit) => !layout.taken.has(unit.unitId) && suits(unit))
  if (free.length === 0) return []
  const unit = layout.chance.pick(free)
  layout.taken.add(unit.unitId)
  return [unit]
}

/** Chilled, with a limit that it passes within hours, and a sensor that sees tenths. */
const warmsSoon = (unit: SimulatedUnit): boolean =>
  ['fridge', 'display_case', 'walk_in_cooler'].includes(unit.type) &&
  unit.tempMaxC !== null &&
  givesTemperature(unit).some(({ model }) => model.noiseC < 0.1)

const compressorFailure = (layout: Layout, fromHours: number, toHours: number, expect: string): Fault[] =>
  pickUnit(layout, warmsSoon).map(({ unitId }) => ({
    kind: 'compressor-failure',
    unitId,
    expect,
    ...span(layout, fromHours, toHours),
  }))

function doorLeftOpen(layout: Layout, fromHours: number): Fault[] {
  const suits = (unit: SimulatedUnit) => hasDoor(unit) && unit.doorOpenCriticalMinutes !== null
  const [unit] = [...pickUnit(layout, suits), ...pickUnit(layout, hasDoor)]
  if (unit === undefined) return []
  const minutes = Math.max(45, (unit.doorOpenCriticalMinutes ?? 0) + 25)
  const { fromMs } = span(layout, fromHours, 0)
  const expect = `one opening of ${minutes} minutes, past warning and critical`
  return [{ kind: 'door-left-open', unitId: unit.unitId, fromMs, toMs: fromMs + minutes * minuteMs, expect }]
}

function deadBattery(layout: Layout, fromHours: number, toHours: number): Fault[] {
  const isAlone = (unit: SimulatedUnit) => givesTemperature(unit).length === 1
  return pickUnit(layout, isAlone).flatMap((unit) =>
    givesTemperature(unit).map(({ devEui }) => ({
      kind: 'dead-battery',
      devEui,
      expect: `battery falling before; ${unit.unitId} silent, warning, then critical; a join at the end`,
      ...span(layout, fromHours, toHours),
    })),
  )
}

function gatewayOutage(layout: Layout, fromHours: number, toHours: number): Fault[] {
  const gateways = layout.fleet.sites.flatMap((site) => site.gateways)
  if (gateways.length === 0) return []
  const { gatewayId } = layout.chance.pick(gateways)
  const expect =
    'some uplinks lost, most delivered late and out of order; silences opened, and retracted by them'
  return [{ kind: 'gateway-outage', gatewayId, lostShare: 0.3, expect, ...span(layout, fromHours, toHours) }]
}

const everywhere = (
  layout: Layout,
  kind: 'duplicates' | 'late-webhooks',
  share: number,
  expect: string,
): Fault[] => [{ kind, share, expect, ...span(layout, -24, 24 * 30) }]

const duplicates = (layout: Layout) =>
  everywhere(layout, 'duplicates', 0.04, 'the same uplink twice; every table as without')
const lateWebhooks = (layout: Layout) =>
  everywhere(layout, 'late-webhooks', 0.02, 'out of order by up to 80 minutes; every table as without')

const simulatedUplinks = (layout: Layout): Fault[] =>
  pickUnit(layout, (unit) => givesTemperature(unit).length > 0).flatMap((unit) =>
    givesTemperature(unit).map(({ devEui }) => ({
      kind: 'simulated-uplinks',
      devEui,
      expect: 'readings of 40 °C marked as simulated, and no excursion from them',
      ...span(layout, -3, -2),
    })),
  )

const endedExcursion = 'one excursion, confirmed and ended after the repair'
const openExcursion = 'one excursion, confirmed and still open'

/** A total table: a kind of fault without a scenario does not compile. */
const single: Record<FaultKind, (layout: Layout) => Fault[]> = {
  'compressor-failure': (layout) => compressorFailure(layout, -14, -9, endedExcursion),
  'door-left-open': (layout) => doorLeftOpen(layout, -7),
  'dead-battery': (layout) => deadBattery(layout, -5, 10),
  'gateway-outage': (layout) => gatewayOutage(layout, -20, -19),
  duplicates,
  'late-webhooks': lateWebhooks,
  'simulated-uplinks': simulatedUplinks,
}

const scenarios: Record<string, (layout: Layout) => Fault[]> = {
  ...single,
  calm: () => [],
  demo: (layout) => [
    ...single['compressor-failure'](layout),
    ...compressorFailure(layout, -6, 6, openExcursion),
    ...single['door-left-open'](layout),
    ...single['dead-battery'](layout),
    ...single['gateway-outage'](layout),
    ...simulatedUplinks(layout),
    ...duplicates(layout),
    ...lateWebhooks(layout),
  ],
}

export const scenarioNames: readonly string[] = Object.keys(scenarios)

/** Throws where a name is not one of `scenarioNames`. */
export function faultsFor(
  names: readonly string[],
  { fleet, anchorMs, seed }: { fleet: SimulatedFleet; anchorMs: number; seed: number },
): Fault[] {
  const layout = {
    fleet,
    anchorMs,
    chance: chanceOf(seed, 'scenario', names.join()),
    taken: new Set<string>(),
  }
  return names.flatMap((name) => {
    const scenario = scenarios[name]
    if (scenario === undefined)
      throw new Error(`There is no scenario ${name}; there are ${scenarioNames.join(', ')}.`)
    return scenario(layout)
  })
}

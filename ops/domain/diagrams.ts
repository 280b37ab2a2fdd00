// The diagrams of docs/domain.md: tables of the processors as Mermaid. That of a unit's status is found by trying every
// combination of what may be open, and every event on each of them.

import { newExcursion } from '../../processors/excursion.ts'
import { newCondition } from '../../processors/fold-context.ts'
import {
  type ExcursionFact,
  emptyFold,
  type SilenceFact,
  type UnitFold,
} from '../../processors/fold-state.ts'
import { newSilence } from '../../processors/silence.ts'
import {
  alertMachine,
  batteryMachine,
  budgetMachine,
  calibrationMachine,
  deviceSilenceMachine,
  doorMachine,
  excursionMachine,
  faultMachine,
  gatewayIncidentMachine,
  heldMachine,
  type Machine,
  manualLogMachine,
  openingMachine,
  silenceMachine,
} from '../../processors/state-machines.ts'
import { statusOf } from '../../processors/unit-status.ts'
import type { UnitStatus } from '../../schemas/generated/types.ts'

type Edge = readonly [from: string, to: string, why: string]

const fence = (lines: readonly string[]): string =>
  `\`\`\`mermaid\nstateDiagram-v2\n${lines.join('\n')}\n\`\`\``

export const edgesOf = (machine: Machine<string>): Edge[] =>
  Object.entries(machine).flatMap(([from, targets]) =>
    Object.entries(targets).map(([to, why]): Edge => [from, to, String(why)]),
  )

/** Retractions may come from anywhere: one line below the picture says so, and not an arrow from each phase. */
function diagram(machine: Machine<string>, begins: string): string {
  const edges = edgesOf(machine).filter(([, to]) => to !== 'retracted')
  const lines = edges.map(([from, to, why]) => `  ${from} --> ${to}: ${why}`)
  const [first = ''] = Object.keys(machine)
  const ends = Object.keys(machine).filter(
    (phase) => phase !== 'retracted' && edges.every(([from]) => from !== phase),
  )
  const picture = fence([
    `  [*] --> ${first}: ${begins}`,
    ...lines,
    ...ends.map((phase) => `  ${phase} --> [*]`),
  ])
  return 'retracted' in machine
    ? `${picture}\n\nFrom any phase to \`retracted\`: ${retractedWhy(machine)}.`
    : picture
}

const retractedWhy = (machine: Machine<string>): string =>
  edgesOf(machine).find(([, to]) => to === 'retracted')?.[2] ?? ''

type Open = {
  excursion: 'none' | 'unconfirmed' | 'confirmed'
  silence: 'none' | 'open' | 'critical'
  restoring: boolean
  missedLog: boolean
}

const combinations: readonly Open[] = (['none', 'unconfirmed', 'confirmed'] as const).flatMap((excursion) =>
  (['none', 'open', 'critical'] as const).flatMap((silence) =>
    [false, true].flatMap((restoring) =>
      [false, true].map((missedLog) => ({ excursion, silence, restoring, missedLog })),
    ),
  ),
)

function foldOf({ excursion, silence, restoring, missedLog }: Open): UnitFold {
  const out: ExcursionFact = {
    ...newExcursion(0, 'high', 0),
    confirmedMs: excursion === 'confirmed' ? 1 : null,
  }
  const silent: SilenceFact = { ...newSilence(0, 1, null), criticalMs: silence === 'critical' ? 2 : null }
  return {
    ...emptyFold(),
    excursion: excursion === 'none' ? null : out,
    silence: silence === 'none' ? null : silent,
    restoring: restoring ? { sinceMs: 0, cause: out } : null,
    missedLog: missedLog ? newCondition('manual-log', { atMs: 0, tag: '', level: 0, confirmedMs: 0 }) : null,
  }
}

/** What may happen, and what it makes of what is open; null: it cannot happen then. */
const events: Readonly<Record<string, (open: Open) => Partial<Open> | null>> = {
  'out of range': ({ excursion }) => (excursion === 'none' ? { excursion: 'unconfirmed' } : null),
  confirmed: ({ excursion }) => (excursion === 'unconfirmed' ? { excursion: 'confirmed' } : null),
  'in range': ({ excursion }) => {
    if (excursion === 'none') return null
    return excursion === 'confirmed' ? { excursion: 'none', restoring: true } : { excursion: 'none' }
  },
  'deadline passed': ({ silence }) => (silence === 'none' ? { silence: 'open' } : null),
  'silence critical': ({ silence }) => (silence === 'open' ? { silence: 'critical' } : null),
  'check-in': ({ silence }) => (silence === 'none' ? null : { silence: 'none' }),
  'delay over': ({ restoring }) => (restoring ? { restoring: false } : null),
  'log overdue': ({ missedLog }) => (missedLog ? null : { missedLog: true }),
  'log entered': ({ missedLog }) => (missedLog ? { missedLog: false } : null),
}

/** Every change of status that one event can make. */
export function statusEdges(): Edge[] {
  const whys = new Map<string, Set<string>>()
  for (const open of combinations)
    for (const [why, happen] of Object.entries(events)) {
      const change = happen(open)
      if (change === null) continue
      const [from, to]: UnitStatus[] = [statusOf(foldOf(open)), statusOf(foldOf({ ...open, ...change }))]
      if (from === to) continue
      const key = `${from} ${to}`
      whys.set(key, (whys.get(key) ?? new Set()).add(why))
    }
  return [...whys].map(([key, reasons]): Edge => {
    const [from = '', to = ''] = key.split(' ')
    return [from, to, [...reasons].join(', ')]
  })
}

export const diagrams: Readonly<Record<string, () => string>> = {
  held: () => diagram(heldMachine, 'no reading yet'),
  excursion: () => diagram(excursionMachine, 'first reading out of range'),
  door: () => diagram(doorMachine, 'no report yet'),
  opening: () => diagram(openingMachine, 'a report "open"'),
  silence: () => diagram(silenceMachine, 'deadline passed (timer)'),
  'device-silence': () => diagram(deviceSilenceMachine, 'first check-in'),
  battery: () => diagram(batteryMachine, 'a device that tells its level'),
  fault: () => diagram(faultMachine, 'a device that gives temperatures'),
  calibration: () => diagram(calibrationMachine, 'a device with an end of its calibration'),
  'manual-log': () => diagram(manualLogMachine, 'first observation'),
  'gateway-incident': () => diagram(gatewayIncidentMachine, 'two are silent at once'),
  budget: () => diagram(budgetMachine, 'all of it used (timer)'),
  status: () =>
    fence([
      '  [*] --> ok: first observation',
      ...statusEdges().map(([from, to, why]) => `  ${from} --> ${to}: ${why}`),
    ]),
  alert: () => diagram(alertMachine, 'delay over, inside the schedule (timer)'),
}

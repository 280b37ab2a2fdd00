// The tables against the stage: what it does in some hundred worlds is what they say, no arrow more and none less.
import { expect, test } from 'vitest'
import { gatewayStage } from '../../processors/gateway-stage.ts'
import { noRule } from '../../processors/limits.ts'
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
import { slowWorld } from '../../processors/testing/slow-worlds.ts'
import { type Random, random } from '../../processors/testing/worlds.ts'
import { hours, minutes, UnitDriver, zoned } from '../../processors/unit-driver.ts'
import type { GatewaySilence, Rule } from '../../schemas/generated/types.ts'
import { edgesOf, statusEdges } from './diagrams.ts'

/** Short limits of every kind, so that much happens, in one zone. */
const drawnRule = (r: Random, validFrom: number): Rule => ({
  ...noRule,
  validFrom,
  tempMin: 2,
  tempMax: 8,
  excursionConfirmMinutesDoorClosed: r.pick([0, 7]),
  maxExcursionMinutes: r.pick([9, 12]),
  doorOpenWarningMinutes: r.pick([3, 8, 30, null]),
  doorOpenCriticalMinutes: r.pick([5, 40, null]),
  expectedReadingIntervalSeconds: 300,
  offlineWarningMissedCheckins: r.pick([2, 5, null]),
  offlineCriticalMissedCheckins: r.pick([3, null]),
  delayMinutes: r.pick([0, 4]),
  escalationMinutes: [5, 10],
  manualIntervalMinutes: r.pick([null, 20]),
  manualGraceMinutes: 2,
  deviceSilentMinutes: 6,
  budgets: [
    {
      name: 'warm',
      side: 'above',
      limit: 8,
      atLimit: false,
      over: r.pick(['consecutive', 'day']),
      lot: null,
      minutes: 8,
    },
  ],
})

/** Settled after each sample, so that every phase is told, with late samples, acknowledgements and manual logs. */
function lived(seed: number): UnitDriver {
  const r = random(seed)
  const { samples, startS } = slowWorld(seed)
  const unit = new UnitDriver(zoned('UTC', drawnRule(r, 0), drawnRule(r, (startS + 3600) * 1000)), {
    graceMs: hours(2),
  })
  const log = samples
    .map((sample) => ({
      ...sample,
      arrivalMs: sample.atS * 1000 + (r.chance(0.7) ? 0 : minutes(r.below(110))),
    }))
    .sort((a, b) => a.arrivalMs - b.arrivalMs)
  for (const { atS, arrivalMs, ...values } of log) {
    unit.pipe({ at: atS * 1000, ...values }).advanceTo(arrivalMs + minutes(r.below(6)))
    for (const { id } of unit
      .last('alerts')
      .filter(({ status }) => status === 'active' || status === 'escalated'))
      if (r.chance(0.1)) unit.enter(arrivalMs, id).advanceTo(arrivalMs)
    if (r.chance(0.1)) unit.enter(arrivalMs)
  }
  return unit
}

const units = Array.from({ length: 150 }, (_, seed) => lived(seed))

type Instants = Readonly<Record<string, number | null>>

/** The phases of an episode in the order of their instants; of equal ones, in that in which they are named. */
function phases(instants: Instants): string[] {
  return Object.entries(instants)
    .filter(([, ms]) => ms !== null)
    .sort(([, a], [, b]) => Number(a) - Number(b))
    .map(([phase]) => phase)
}

const steps = (path: readonly string[]): string[] => path.slice(1).map((to, index) => `${path[index]} ${to}`)

const arrows = (machine: Machine<string>): string[] =>
  edgesOf(machine)
    .map(([from, to]) => `${from} ${to}`)
    .sort()

/** Of each revision the path so far; a retraction follows on the last phase that was told. */
function episodes<R extends { id: string; state: string }>(
  told: (unit: UnitDriver) => readonly R[],
  instantsOf: (record: R) => Instants,
): string[] {
  const seen = new Set<string>()
  for (const unit of units) {
    const last = new Map<string, string>()
    for (const record of told(unit)) {
      const path =
        record.state === 'retracted' ? [last.get(record.id) ?? '', 'retracted'] : phases(instantsOf(record))
      last.set(record.id, path.at(-1) ?? '')
      for (const step of steps(path)) seen.add(step)
    }
  }
  return [...seen].sort()
}

test('excursions', () => {
  const seen = episodes(
    (unit) => unit.sent.excursions,
    (e) => ({ unconfirmed: e.startedAt, confirmed: e.confirmedAt, critical: e.criticalAt, ended: e.endedAt }),
  )
  expect(seen).toEqual(arrows(excursionMachine))
})

test('doors and openings', () => {
  const changes = units.flatMap((unit) => {
    const events = unit.last('door-events').sort((a, b) => a.recordedAt - b.recordedAt)
    return steps(['unknown', ...events.map(({ doorOpen }) => (doorOpen ? 'open' : 'closed'))])
  })
  expect([...new Set(changes)].sort()).toEqual(arrows(doorMachine))
  const seen = episodes(
    (unit) => unit.sent['door-openings'],
    (o) => ({ opened: o.openedAt, warned: o.warningAt, critical: o.criticalAt, closed: o.closedAt }),
  )
  expect(seen).toEqual(arrows(openingMachine))
})

test('silences', () => {
  const seen = episodes(
    (unit) => unit.sent.silences,
    (o) => ({ silent: o.detectedAt, warned: o.warningAt, critical: o.criticalAt, ended: o.endedAt }),
  )
  expect(seen).toEqual(arrows(silenceMachine))
})

test('silences of devices, which only their alerts tell', () => {
  const seen = units.flatMap((unit) =>
    unit
      .last('alerts')
      .filter(({ reason }) => reason === 'silent')
      .flatMap(({ resolvedAt }) => steps(['heard', 'silent', ...(resolvedAt === null ? [] : ['heard'])])),
  )
  expect([...new Set(seen)].sort()).toEqual(arrows(deviceSilenceMachine))
})

test('budgets', () => {
  const seen = episodes(
    (unit) => unit.sent.budgets,
    (b) => ({ exceeded: b.exceededAt, ended: b.endedAt }),
  )
  expect(seen).toEqual(arrows(budgetMachine))
})

test('alerts go by their arrows, from one revision to the next, where no late sample tells their life anew', () => {
  const seen = new Set<string>()
  for (const unit of units) {
    const last = new Map<string, string>()
    for (const { id, status } of unit.sent.alerts) {
      const before = last.get(id)
      if (before !== undefined && before !== status) seen.add(`${before} ${status}`)
      last.set(id, status)
    }
  }
  for (const arrow of arrows(alertMachine)) expect(seen).toContain(arrow)
})

test('a status changes by an arrow, or by several at one instant', () => {
  const edges = statusEdges().map(([from, to]) => `${from} ${to}`)
  const reach = new Set(edges.flatMap((edge) => edge.split(' ')))
  expect([...reach].sort()).toEqual([
    'alarm_active',
    'excursion',
    'manual_required',
    'monitoring_interrupted',
    'offline',
    'ok',
    'restoring',
  ])
  const seen = new Set(
    units.flatMap((unit) =>
      steps(
        unit
          .last('unit-status')
          .sort((a, b) => a.at - b.at)
          .map(({ status }) => status),
      ),
    ),
  )
  const single = [...seen].filter((step) => edges.includes(step))
  expect(single.length / seen.size).toBeGreaterThan(0.8)
})

/** What is watched of device `a`, and of the unit, phase by phase. */
function phasesNow({ state: { live } }: UnitDriver): Record<string, string> {
  const sensor = live.sensors.find(({ deviceId }) => deviceId === 'a')
  const manual = live.manualSinceMs === null ? 'not_required' : 'logged'
  const known = live.held?.lapsed ? 'unknown' : 'known'
  return {
    held: live.held === null ? 'none' : known,
    battery: sensor?.battery ? 'low' : 'fine',
    fault: sensor?.fault?.tag.split('|')[0] ?? 'sound',
    calibration: sensor?.calibration ? 'due' : 'valid',
    manualLog: live.missedLog === null ? manual : 'overdue',
  }
}

const careRule: Partial<Rule> = {
  ...{ lowBatteryPercent: 20, faultStuckReadings: 2, faultJumpC: 4 },
  ...{ expectedReadingIntervalSeconds: 600, manualIntervalMinutes: 10, manualOnlyWhenSilent: true },
}

/** Each change of a phase, timer by timer and sample by sample. */
function* careOf(seed: number): Generator<string> {
  const r = random(seed)
  const [ends, renewed] = [minutes(r.below(300)), minutes(r.below(300))]
  const spans = [
    { validFrom: 0, validUntil: renewed, calibrationValidUntil: ends },
    { validFrom: renewed, validUntil: null, calibrationValidUntil: null },
  ].map((span) => ({ deviceId: 'a', silentMinutes: null, ...span }))
  const unit = new UnitDriver({ ...zoned('UTC', careRule), devices: spans })
  let before = phasesNow(unit)
  const look = function* (atMs: number): Generator<string> {
    const now = phasesNow(unit.advanceTo(atMs))
    for (const [name, phase] of Object.entries(now))
      if (before[name] !== phase) yield `${name} ${before[name]} ${phase}`
    before = now
  }
  for (let ms = 0; ms < hours(5); ms += minutes(1 + r.below(25))) {
    for (let dueMs = unit.nextTimer(); dueMs < ms; dueMs = unit.nextTimer()) yield* look(dueMs)
    if (r.chance(0.2)) {
      unit.enter(ms - 1)
      yield* look(ms - 1)
    }
    const fault = r.chance(0.2)
    const temperature = fault ? null : r.pick([5, 5, 6, 20])
    unit.pipe({ at: ms, fault, temperature, batteryPercent: r.pick([null, 10, 22, 60]) })
    yield* look(ms)
  }
}

test('the held value, batteries, faults, calibrations and manual logs', () => {
  const seen = new Set(Array.from({ length: 150 }, (_, seed) => [...careOf(seed)]).flat())
  const machines = {
    held: heldMachine,
    ...{ battery: batteryMachine, fault: faultMachine, calibration: calibrationMachine },
    manualLog: manualLogMachine,
  }
  const named = Object.entries(machines).flatMap(([name, machine]) =>
    arrows(machine).map((arrow) => `${name} ${arrow}`),
  )
  expect([...seen].sort()).toEqual(named.sort())
})

/** Silences of three units behind one gateway; each is told as it opens, and as it ends or is taken back. */
function* incidentsOf(seed: number): Generator<string> {
  const r = random(seed)
  const told = ['a', 'b', 'c'].flatMap((unitId): [atMs: number, GatewaySilence][] => {
    const startedAt = minutes(r.below(20))
    const detectedAt = startedAt + minutes(15)
    const endedAt = detectedAt + minutes(1 + r.below(40))
    const open = { gatewayKey: 'g', gatewayId: 'g', organizationId: 'o', unitId, silenceId: unitId }
    const silence = { ...open, revision: 1, state: 'open' as const, startedAt, detectedAt, endedAt: null }
    const end = r.chance(0.7) ? { state: 'closed' as const, endedAt } : { state: 'retracted' as const }
    return [
      [detectedAt, silence],
      [endedAt, { ...silence, ...end, revision: 2 }],
    ]
  })
  const stage = gatewayStage()
  const state = stage.initial('g')
  const last = new Map<string, string>()
  const steps: string[] = []
  for (const [atMs, value] of told.sort(([a], [b]) => a - b)) {
    stage.onRecord(state, { topic: 'gateway-silences', value }, () => {})
    stage.settle(state, atMs, (_topic, _key, { id, state: phase }) => {
      const before = last.get(id)
      if (before !== undefined && before !== 'retracted' && before !== phase) steps.push(`${before} ${phase}`)
      last.set(id, phase)
    })
  }
  yield* steps
}

test('incidents of gateways', () => {
  const seen = new Set(Array.from({ length: 300 }, (_, seed) => [...incidentsOf(seed)]).flat())
  expect([...seen].sort()).toEqual(arrows(gatewayIncidentMachine))
})

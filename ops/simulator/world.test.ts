import { expect, test } from 'vitest'
import { faultsOf } from './faults.ts'
import { faultsFor } from './scenarios.ts'
import { demoFleet, demoUnits, outOfRange, samplesOf, uplinkOf, valuesOf } from './testing.ts'
import { type Delivery, simulatedWorld } from './world.ts'

const anchorMs = Date.UTC(2026, 2, 28, 21, 13, 7)
const hours = (count: number) => count * 3_600_000

type Run = { seed?: number; scenarios?: string[]; fromMs?: number; toMs?: number; sliceMs?: number }

function run({
  seed = 7,
  scenarios = ['demo'],
  fromMs = anchorMs - hours(48),
  toMs = anchorMs,
  sliceMs = hours(99),
}: Run) {
  const faults = faultsFor(scenarios, { fleet: demoFleet, anchorMs, seed })
  const world = simulatedWorld({ fleet: demoFleet, seed, fromMs, anchorMs, faults })
  const deliveries: Delivery[] = []
  for (let atMs = fromMs; atMs < toMs; atMs += sliceMs)
    for (const delivery of world.advance(Math.min(toMs, atMs + sliceMs))) deliveries.push(delivery)
  return { faults, deliveries, world }
}

const demo = run({})
const calm = run({ scenarios: ['calm'] })
const unitOf = (unitId: string) => demoUnits.find((unit) => unit.unitId === unitId)!

test('the same seed and window give the same deliveries, byte for byte, however they are sliced', () => {
  expect(run({ sliceMs: 61_000 }).deliveries).toEqual(demo.deliveries)
})

test('windows of one anchor agree where they overlap, so a restart posts what is known already', () => {
  const fromMs = anchorMs - hours(10)
  const again = new Map(run({ fromMs }).deliveries.map(({ body }) => [body, true]))
  const known = demo.deliveries.filter(({ recordedAtMs }) => recordedAtMs >= fromMs)
  expect(known.length).toBeGreaterThan(1_000)
  expect(known.every(({ body }) => again.has(body))).toBe(true)
})

test('another seed gives another world', () => {
  const bodies = new Set(demo.deliveries.map(({ body }) => body))
  expect(run({ seed: 8, fromMs: anchorMs - hours(2) }).deliveries.some(({ body }) => bodies.has(body))).toBe(
    false,
  )
})

test('the bridge understands every body, and the decoders every payload', () => {
  const devices = new Map(demoUnits.flatMap((unit) => unit.devices).map((device) => [device.devEui, device]))
  for (const delivery of demo.deliveries) {
    const uplink = uplinkOf(delivery)
    expect(uplink).toMatchObject({
      type: delivery.kind,
      devEui: delivery.devEui,
      recordedAt: delivery.recordedAtMs,
      fCnt: delivery.fCnt,
      simulated: delivery.simulated,
    })
    if (delivery.kind === 'uplink') valuesOf(uplink, devices.get(delivery.devEui)!)
  }
  expect(new Set(demo.deliveries.map(({ devEui }) => devEui)).size).toBe(devices.size)
})

test('an identity is one uplink: only copies share it, byte for byte', () => {
  const bodies = new Map<string, string>()
  for (const { devEui, session, fCnt, kind, simulated, body, isCopy } of demo.deliveries) {
    const identity = [devEui, session, fCnt, kind, simulated].join()
    if (isCopy) expect(body).toBe(bodies.get(identity))
    else expect(bodies.has(identity)).toBe(false)
    bodies.set(identity, body)
  }
})

test('frame counters rise without gaps in event time, but for what was lost', () => {
  for (const { devEui } of demoUnits.flatMap((unit) => unit.devices)) {
    const counters = calm.deliveries
      .filter((delivery) => delivery.devEui === devEui)
      .toSorted((a, b) => a.recordedAtMs - b.recordedAtMs)
      .map(({ fCnt }) => fCnt)
    expect(counters.every((fCnt, i) => i === 0 || fCnt === counters[i - 1]! + 1)).toBe(true)
  }
  expect(calm.world.tally()).toMatchObject({ lost: 0, late: 0, copies: 0 })
})

test('in calm no unit leaves its limits', () => {
  for (const unit of demoUnits) expect(outOfRange(samplesOf(calm.deliveries, unit), unit)).toEqual([])
})

test('doors are opened in business hours, and said at the edge and every hour', () => {
  const unit = demoUnits.find(({ devices }) => devices.some(({ model }) => model.modelId === 'lds02'))!
  const reports = samplesOf(calm.deliveries, unit).filter(({ doorOpen }) => doorOpen !== null)
  const edges = reports.filter(({ doorOpen }, i) => i > 0 && doorOpen !== reports[i - 1]!.doorOpen)
  expect(edges.length).toBeGreaterThan(20)
  expect(reports.every(({ atMs }, i) => i === 0 || atMs - reports[i - 1]!.atMs <= hours(1) + 5_000)).toBe(
    true,
  )
})

test.each([1, 2, 7])('seed %i: the demo shows in its last day what it promises', (seed) => {
  const { faults, deliveries, world } = run({ seed })
  const lastDay = deliveries.filter(({ recordedAtMs }) => recordedAtMs >= anchorMs - hours(24))
  const [repaired, ongoing] = faultsOf(faults, 'compressor-failure')
  const [first] = outOfRange(samplesOf(lastDay, unitOf(repaired!.unitId)), unitOf(repaired!.unitId))
  expect(first!.toMs! - first!.fromMs).toBeGreaterThan(hours(1))
  const open = outOfRange(samplesOf(lastDay, unitOf(ongoing!.unitId)), unitOf(ongoing!.unitId)).at(-1)
  expect(open!.toMs).toBe(null)
  expect(anchorMs - open!.fromMs).toBeGreaterThan(hours(1))

  const [door] = faultsOf(faults, 'door-left-open')
  const unit = unitOf(door!.unitId)
  expect(door!.toMs - door!.fromMs).toBeGreaterThan(unit.doorOpenCriticalMinutes! * 60_000)
  const during = samplesOf(lastDay, unit).filter(({ atMs }) => atMs > door!.fromMs && atMs < door!.toMs)
  expect(during.some(({ doorOpen }) => doorOpen === true)).toBe(true)
  expect(during.some(({ doorOpen }) => doorOpen === false)).toBe(false)

  const [battery] = faultsOf(faults, 'dead-battery')
  expect(lastDay.some((d) => d.devEui === battery!.devEui && d.recordedAtMs < battery!.fromMs)).toBe(true)
  expect(lastDay.some((d) => d.devEui === battery!.devEui && d.recordedAtMs > battery!.fromMs + 1_000)).toBe(
    false,
  )

  const tally = world.tally()
  expect(tally.lost).toBeGreaterThan(0)
  expect(tally.late).toBeGreaterThan(20)
  expect(tally.copies).toBeGreaterThan(20)
  expect(lastDay.some(({ simulated }) => simulated)).toBe(true)
  expect(Math.max(...deliveries.map((d) => d.deliverAtMs - d.recordedAtMs))).toBeLessThanOrEqual(85 * 60_000)
})

test('after a new battery a device joins, and counts from zero in a new session', () => {
  const { faults, deliveries } = run({ toMs: anchorMs + hours(12) })
  const [{ devEui, toMs }] = faultsOf(faults, 'dead-battery') as unknown as [{ devEui: string; toMs: number }]
  const after = deliveries.filter((d) => d.devEui === devEui && d.recordedAtMs >= toMs && !d.isCopy)
  const inOrder = after.toSorted((a, b) => a.recordedAtMs - b.recordedAtMs)
  expect(inOrder.slice(0, 2).map(({ kind, session, fCnt }) => [kind, session, fCnt])).toEqual([
    ['join', 1, 0],
    ['uplink', 1, 0],
  ])
  const [join, uplink] = inOrder.map(uplinkOf)
  expect(join!.sessionKeyId).toBe(uplink!.sessionKeyId)
  const before = deliveries.find((d) => d.devEui === devEui && d.session === 0)!
  expect(uplinkOf(before).sessionKeyId).not.toBe(join!.sessionKeyId)
})

test('a window before the history that is lived through is refused', () => {
  expect(() => run({ fromMs: anchorMs - hours(24 * 40) })).toThrow('--from is too early')
})

test('a scenario that does not exist is named', () => {
  expect(() => run({ scenarios: ['dmeo'] })).toThrow('There is no scenario dmeo')
})

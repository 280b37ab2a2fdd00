import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { dryRun } from './dry-run.ts'

type Line = { topic: string; key: string; value: Record<string, unknown> }
type Json = Record<string, unknown>

const at = (time: string) => `2026-02-02T${time}:00.000Z`
const rule = {
  validFrom: 0,
  tempMin: 2,
  tempMax: 8,
  excursionConfirmMinutesDoorClosed: 15,
  expectedReadingIntervalSeconds: 600,
  offlineTriggerMultiplier: 3,
  doorOpenWarningMinutes: 5,
}
const seen = (time: string, temperature: number | null, more: Json = {}): Json => ({
  unitId: 'fridge 1',
  deviceId: 'probe',
  recordedAt: at(time),
  receivedAt: at(time),
  temperature,
  ...more,
})

async function run(lines: (Json | string)[], config: Json = {}, asOf?: string): Promise<Line[]> {
  const folder = mkdtempSync(join(tmpdir(), 'dry-run-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return runIn(folder, lines, config, asOf)
}

async function runIn(folder: string, lines: (Json | string)[], config: Json, asOf?: string): Promise<Line[]> {
  const paths = { config: join(folder, 'config.json'), observations: join(folder, 'observations.jsonl') }
  writeFileSync(paths.config, JSON.stringify({ timeZone: 'UTC', units: { 'fridge 1': [rule] }, ...config }))
  writeFileSync(
    paths.observations,
    lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'),
  )
  const text = await dryRun(asOf === undefined ? paths : { ...paths, asOf })
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line)
}

const of = (lines: readonly Line[], topic: string): Json[] =>
  lines.filter((line) => line.topic === topic).map(({ value }) => value)

test('an open episode has null for its end, and its duration runs to the clock', async () => {
  const lines = [seen('10:00', 9), seen('10:00', null, { deviceId: 'door', doorOpen: true })]
  const out = await run(lines, {}, at('11:00'))
  expect(of(out, 'excursions')).toMatchObject([
    {
      startedAt: at('10:00'),
      endedAt: null,
      confirmedAt: at('10:15'),
      durationSeconds: 3600,
      knownSeconds: 1800,
    },
  ])
  expect(of(out, 'door-openings')).toMatchObject([
    { openedAt: at('10:00'), closedAt: null, durationSeconds: 3600 },
  ])
  expect(of(out, 'silences')).toMatchObject([
    { startedAt: at('10:00'), detectedAt: at('10:30'), durationSeconds: 3600, missedCheckins: 6 },
  ])
  const [hour] = of(out, 'rollups').filter(({ granularity }) => granularity === 'hour')
  expect(hour).toMatchObject({
    knownSeconds: 1800,
    coverage: 0.5,
    timeWeightedMean: 9,
    doorOpenSeconds: 3600,
  })
})

test('without --as-of the clock is the newest real, accepted recordedAt', async () => {
  const out = await run([
    seen('10:00', 9),
    seen('10:10', 9, { deviceId: 'other' }),
    seen('10:40', 9, { simulated: true }),
    seen('11:00', 9, { receivedAt: at('10:20') }),
  ])
  expect(of(out, 'excursions')).toMatchObject([{ durationSeconds: 600, confirmedAt: null }])
  expect(of(out, 'quarantine')).toMatchObject([{ reason: 'clock', recordedAt: at('11:00'), temperature: 9 }])
})

test('lines come sorted by topic, key and start', async () => {
  const out = await run(
    [seen('10:00', 9), seen('10:05', 1), seen('10:01', 5, { unitId: 'a' })],
    {},
    at('12:00'),
  )
  const ranks = out.map(({ topic, key, value }) =>
    [topic, key, value.startedAt ?? value.start ?? value.at ?? ''].join(' '),
  )
  expect(ranks).toEqual([...ranks].sort())
})

test('copies are dropped whatever they say, conflicts and strangers go to quarantine', async () => {
  const session = { sessionKeyId: 's', fCnt: 1 }
  const devices = { probe: [{ validFrom: 0, unitId: 'fridge 1', kind: 'temperature' }] }
  const lines = [
    seen('10:00', 5, { ...session, unitId: null }),
    seen('10:00', 9, { ...session, unitId: null }),
    seen('10:00', 9, { sessionKeyId: 's', fCnt: 2 }),
    seen('10:00', 5, { deviceId: 'stranger' }),
  ]
  const out = await run(lines, { devices })
  expect(of(out, 'excursions')).toEqual([])
  expect(of(out, 'quarantine').map(({ reason, unitId, deviceId }) => [reason, unitId, deviceId])).toEqual([
    ['conflict', 'fridge 1', 'probe'],
    ['unassigned', 'fridge 1', 'stranger'],
  ])
})

test('replayed samples of one uplink are told apart by their instants', async () => {
  const frame = { sessionKeyId: 's', fCnt: 7 }
  const history = { ...frame, history: true, receivedAt: at('10:30') }
  const out = await run([
    seen('10:30', null, frame),
    seen('10:00', 5, history),
    seen('10:10', 6, history),
    seen('10:10', 6, history),
  ])
  expect(of(out, 'rollups').find(({ granularity }) => granularity === 'day')).toMatchObject({
    count: 2,
    sum: 11,
  })
})

test('a sample beyond grace leaves episodes, but its rollups are made anew from all readings', async () => {
  const on = (time: string, temperature: number) => seen(time, temperature)
  const lines = [on('08:00', 5), on('08:30', 5), on('12:00', 5), on('08:10', 20)]
  const out = await run(lines, {}, at('12:00'))
  expect(of(out, 'excursions')).toEqual([])
  expect(of(out, 'rollups')[0]).toMatchObject({ granularity: 'month', count: 4, sum: 35 })
  expect(of(out, 'rollups').find(({ start }) => start === at('08:00'))).toMatchObject({
    granularity: 'hour',
    count: 3,
    max: 20,
    secondsAbove: 1200,
    knownSeconds: 3600,
  })
})

test('0x7FFF is no temperature, exactly 0 °C is one', async () => {
  const out = await run([seen('10:00', 327.67), seen('10:10', 0)])
  expect(of(out, 'rollups')[0]).toMatchObject({ count: 1, min: 0, max: 0 })
})

test('bad lines are told by their number, with what to write instead', async () => {
  const lines = ['{', seen('10:00', 5, { deviceId: 7 }), seen('10:00', 5, { recordedAt: 'soon' })]
  await expect(run(lines)).rejects.toThrow(
    /:1: not JSON[\s\S]*:2: deviceId is 7[\s\S]*:3: recordedAt is "soon"/,
  )
})

test('a wrong configuration is told by its place', async () => {
  await expect(run([], { timeZone: 'Mars' })).rejects.toThrow('timeZone "Mars" is no IANA time zone')
  await expect(run([], { units: { u: [{ tempMax: 8 }] } })).rejects.toThrow('units.u[0] needs validFrom')
  await expect(run([], { units: { u: [{ ...rule, tempMax: '8' }] } })).rejects.toThrow('units.u[0].tempMax')
})

test('order inside grace and copies do not matter', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'dry-run-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const minute = (m: number) => new Date(Date.parse(at('10:00')) + m * 60_000).toISOString()
  const sample = fc.record({
    minute: fc.integer({ min: 0, max: 100 }),
    temperature: fc.option(fc.constantFrom(1, 5, 8.5, 12)),
    doorOpen: fc.option(fc.boolean()),
    deviceId: fc.constantFrom('a', 'b'),
  })
  const world = fc.uniqueArray(sample, { maxLength: 25, selector: (s) => `${s.deviceId} ${s.minute}` })
  await fc.assert(
    fc.asyncProperty(world, fc.infiniteStream(fc.nat()), async (samples, random) => {
      const lines = samples.map(({ minute: m, ...values }, fCnt) => ({
        unitId: 'fridge 1',
        ...values,
        recordedAt: minute(m),
        receivedAt: minute(m),
        sessionKeyId: `session of ${values.deviceId}`,
        fCnt,
      }))
      const mixed = [...lines, ...lines.filter(() => random.next().value % 2 === 0)]
        .map((line) => ({ line, rank: random.next().value }))
        .sort((a, b) => a.rank - b.rank)
        .map(({ line }) => line)
      const sorted = lines.toSorted((a, b) => (a.recordedAt < b.recordedAt ? -1 : 1))
      const clock = minute(180)
      const plain = (out: Line[]) =>
        out.map((line) => ({ ...line, value: { ...line.value, revision: null } }))
      expect(plain(await runIn(folder, mixed, {}, clock))).toEqual(
        plain(await runIn(folder, sorted, {}, clock)),
      )
    }),
    { numRuns: 100 },
  )
})

test('a schedule without days or hours is every day and all of it; NaN is a fault and no temperature', async () => {
  const units = {
    'fridge 1': [{ ...rule, excursionConfirmMinutesDoorClosed: 0, schedule: { startHour: 10 } }],
  }
  const nan = JSON.stringify(seen('09:10', null)).replace('"temperature":null', '"temperature":NaN')
  const out = await run([seen('09:00', 9), nan, seen('10:05', 9)], { units })
  expect(of(out, 'alerts')).toMatchObject([
    { alertType: 'alarm_active', causeStartedAt: at('09:00'), triggeredAt: at('10:00') },
    { alertType: 'monitoring_interrupted' },
  ])
})

test('a device that is silent while others of its unit are heard is told where the rule asks for it, not once it is moved', async () => {
  const from = (deviceId: string, ...times: string[]) => times.map((time) => seen(time, 5, { deviceId }))
  const log = [...from('b', '10:00', '10:20'), ...from('a', '10:00'), ...from('b', '10:40', '11:00', '12:00')]
  const asks = { units: { 'fridge 1': [{ ...rule, deviceSilentMinutes: 30 }] } }
  const silence = { alertType: 'sensor_fault', reason: 'silent', deviceId: 'a', triggeredAt: at('10:40') }
  const silent = async (config: Json) =>
    of(await run(log, config), 'alerts').filter(({ alertType }) => alertType === 'sensor_fault')
  expect(await silent({})).toEqual([])
  expect(await silent(asks)).toMatchObject([{ ...silence, causeStartedAt: at('10:00'), resolvedAt: null }])
  const here = (validFrom: number | string, unitId: string) => ({ validFrom, unitId, kind: 'temperature' })
  const devices = { a: [here(0, 'fridge 1'), here(at('11:30'), 'fridge 2')], b: [here(0, 'fridge 1')] }
  expect(await silent({ ...asks, devices })).toMatchObject([{ ...silence, resolvedAt: at('11:30') }])
})

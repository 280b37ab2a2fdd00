/**
 * Random small worlds for comparing an implementation with the reference model. Times lie on a coarse grid, and limits are
 * multiples of it, so that readings, deadlines, confirm instants, versions and midnights coincide all the time. The same
 * seed gives the same world; a failing one is made small by `simplest`.
 */
import type { DeviceVersion, DryRunConfig, Observation, UnitVersion } from './model-types.ts'

export type World = { config: DryRunConfig; observations: Observation[]; asOfMs?: number }

const MINUTE_MS = 60_000
const GRID_MS = 5 * MINUTE_MS

/** A zone with a day on which its clock or calendar does something; the worlds lie around it. */
const scenes: [timeZone: string, aroundUtc: string][] = [
  ['UTC', '2026-02-28T22:00Z'],
  ['Europe/Berlin', '2026-03-29T00:00Z'],
  ['Europe/Berlin', '2026-10-25T00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T14:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T14:00Z'],
  ['Asia/Kolkata', '2026-06-30T17:00Z'],
  ['America/St_Johns', '2006-10-29T01:00Z'],
  ['America/Sao_Paulo', '2017-10-15T01:00Z'],
  ['Africa/Cairo', '2026-04-23T20:00Z'],
  ['Asia/Beirut', '2026-03-28T20:00Z'],
  ['Pacific/Apia', '2011-12-30T08:00Z'],
]

export type Random = {
  next: () => number
  /** A whole number from 0 to before n. */
  below: (n: number) => number
  chance: (probability: number) => boolean
  pick: <T>(from: readonly T[]) => T
}

/** mulberry32. */
export function random(seed: number): Random {
  let state = seed | 0
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (n: number) => Math.floor(next() * n)
  const pick = <T>(from: readonly T[]) => {
    const picked = from[below(from.length)]
    if (picked === undefined) throw new Error('Nothing to pick from an empty list')
    return picked
  }
  return { next, below, chance: (probability) => next() < probability, pick }
}

function version(r: Random, validFrom: number): UnitVersion {
  const maybe = <T>(values: readonly T[]) => (r.chance(0.75) ? r.pick(values) : null)
  return {
    validFrom,
    tempMin: maybe([0, 2, 4]),
    tempMax: maybe([6, 8, 8, 10]),
    delayMinutes: maybe([0, 5, 10, 30]),
    expectedReadingIntervalSeconds: r.chance(0.85) ? r.pick([300, 600, 900]) : null,
    offlineTriggerMultiplier: maybe([1, 2, 3, 1.5]),
    offlineTriggerAdditionalMinutes: maybe([0, 5, 10]),
    offlineWarningMissedCheckins: maybe([0, 2, 3, 4]),
    offlineCriticalMissedCheckins: maybe([1, 4, 6, 8]),
    doorOpenWarningMinutes: maybe([0, 5, 10, 20]),
    doorOpenCriticalMinutes: maybe([5, 10, 30]),
    doorOpenMaxMaskMinutesPerDay: maybe([0, 5, 15, 30, 60]),
    excursionConfirmMinutesDoorClosed: maybe([0, 5, 10, 15, 20]),
    excursionConfirmMinutesDoorOpen: maybe([5, 15, 30, 45]),
    maxExcursionMinutes: maybe([0, 10, 30, 60]),
    schedule: r.chance(0.3) ? schedule(r) : null,
  }
}

function schedule(r: Random): NonNullable<UnitVersion['schedule']> {
  const days = [0, 1, 2, 3, 4, 5, 6].filter(() => r.chance(0.7))
  const startHour = r.below(23)
  return { days, startHour, endHour: startHour + 1 + r.below(24 - startHour) }
}

function versions(r: Random, startMs: number, lengthSteps: number): UnitVersion[] {
  const starts = new Set<number>([
    r.chance(0.7) ? startMs - 24 * 60 * MINUTE_MS : startMs + r.below(12) * GRID_MS,
  ])
  for (let more = r.below(3); more > 0; more -= 1) starts.add(startMs + r.below(lengthSteps) * GRID_MS)
  return [...starts].map((start) => version(r, start))
}

type Device = { deviceId: string; unitId: string; kind: 'temperature' | 'door' | 'both' }

function sampleOf(r: Random, device: Device, at: { recordedAt: number; minuteSlack: number }): Observation {
  const hasTemperature = device.kind !== 'door' && r.chance(0.9)
  const hasDoor = device.kind !== 'temperature' && r.chance(0.9)
  return {
    deviceId: device.deviceId,
    unitId: device.unitId,
    recordedAt: at.recordedAt,
    receivedAt: at.recordedAt + at.minuteSlack * MINUTE_MS,
    temperature: hasTemperature ? r.pick([-1, 0, 2, 3, 4, 5, 5, 6, 8, 8.5, 9, 11]) : null,
    humidity: r.chance(0.2) ? r.pick([40, 55.5, 80]) : null,
    doorOpen: hasDoor ? r.chance(0.5) : null,
  }
}

/** One device's uplinks in the order in which they were sent, with gaps and with the odd sample off the grid. */
function uplinks(r: Random, device: Device, startMs: number, lengthSteps: number): Observation[] {
  const found: Observation[] = []
  const hasSessions = r.chance(0.5)
  const stride = r.pick([1, 2, 3])
  for (let step = r.below(6); step < lengthSteps; step += r.chance(0.12) ? 4 + r.below(24) : stride) {
    const jitterMs = r.chance(0.1) ? r.below(GRID_MS) : 0
    const recordedAt = startMs + step * GRID_MS + jitterMs
    const sample = sampleOf(r, device, { recordedAt, minuteSlack: 0 })
    if (hasSessions) Object.assign(sample, { sessionKeyId: 'session-1', fCnt: found.length || null })
    if (r.chance(0.04)) sample.simulated = true
    found.push(sample)
    if (r.chance(0.06)) found.push(...history(r, device, sample, recordedAt))
  }
  return found
}

/** The carrier's uplink replays samples of its own past: on the grid, so that some meet what was sent live. */
function history(r: Random, device: Device, carrier: Observation, carriedMs: number): Observation[] {
  const { sessionKeyId, fCnt, receivedAt } = carrier
  return Array.from({ length: 1 + r.below(3) }, () => {
    const backMs = (1 + r.below(r.chance(0.7) ? 12 : 60)) * GRID_MS
    const sample = sampleOf(r, device, {
      recordedAt: Math.floor(carriedMs / GRID_MS) * GRID_MS - backMs,
      minuteSlack: 0,
    })
    return { ...sample, receivedAt, sessionKeyId, fCnt, history: true }
  })
}

/** What a network does to a log: copies, retries within and beyond the grace, clocks that are wrong, altered copies. */
function disturbed(r: Random, sent: Observation[]): Observation[] {
  const log = sent.map((observation) => ({ ...observation }))
  const msOf = (value: unknown) => Number(value)
  const inOrder = log
    .map((observation) => ({ observation, arrivalMs: msOf(observation.receivedAt) + arrivalDelayMs(r) }))
    .sort((a, b) => a.arrivalMs - b.arrivalMs)
  return inOrder.flatMap(({ observation, arrivalMs }) => {
    const recordedMs = msOf(observation.recordedAt)
    observation.receivedAt = arrivalMs
    const copies = [observation]
    if (r.chance(0.05)) copies.push({ ...observation, receivedAt: arrivalMs + MINUTE_MS })
    if (r.chance(0.03)) copies.push({ ...observation, temperature: r.pick([1, 7, null]), sessionKeyId: null })
    if (r.chance(0.03)) observation.receivedAt = recordedMs - r.pick([10, 11, 30]) * MINUTE_MS
    if (r.chance(0.01)) observation.receivedAt = recordedMs + 3 * 366 * 24 * 60 * MINUTE_MS
    return copies
  })
}

function arrivalDelayMs(r: Random): number {
  if (r.chance(0.8)) return 0
  return (r.chance(0.7) ? r.below(24) : r.below(60)) * GRID_MS
}

function deviceVersions(
  r: Random,
  devices: Device[],
  unitIds: string[],
  startMs: number,
  lengthSteps: number,
) {
  const assigned: Record<string, DeviceVersion[]> = {}
  for (const { deviceId, unitId, kind } of devices) {
    if (r.chance(0.08)) continue
    const told = kind === 'both' || r.chance(0.4) ? null : kind
    assigned[deviceId] = [{ validFrom: r.chance(0.85) ? 0 : startMs + 6 * GRID_MS, unitId, kind: told }]
    if (r.chance(0.25)) {
      const validFrom = startMs + r.below(lengthSteps) * GRID_MS
      assigned[deviceId].push({ validFrom, unitId: r.pick(unitIds), kind: told })
    }
  }
  return assigned
}

export function world(seed: number): World {
  const r = random(seed)
  const [timeZone, around] = r.pick(scenes)
  const lengthSteps = 12 + r.below(r.chance(0.2) ? 288 : 84)
  const startMs = Date.parse(around) - r.below(24) * GRID_MS
  const unitIds = ['unit-a', 'unit-b', 'unit-c'].slice(0, r.pick([1, 1, 2, 3]))
  const devices = ['d1', 'd2', 'd3', 'd4'].slice(0, 1 + r.below(4)).map((deviceId, i): Device => {
    const kind =
      i === 0 ? r.pick(['temperature', 'both'] as const) : r.pick(['temperature', 'door', 'both'] as const)
    return { deviceId, unitId: r.pick(unitIds), kind }
  })
  const config: DryRunConfig = { timeZone, units: {} }
  if (r.chance(0.5)) config.graceMinutes = r.pick([0, 30, 60, 120])
  if (r.chance(0.2)) config.clockAheadMinutes = r.pick([0, 20])
  if (r.chance(0.2)) config.retentionMonths = r.pick([1, 12])
  const units: Record<string, UnitVersion[]> = {}
  for (const unitId of unitIds) if (r.chance(0.93)) units[unitId] = versions(r, startMs, lengthSteps)
  config.units = units
  if (r.chance(0.4)) config.devices = deviceVersions(r, devices, unitIds, startMs, lengthSteps)
  const areUnitsInLines = config.devices === undefined || r.chance(0.5)
  const sent = devices
    .flatMap((device) => uplinks(r, device, startMs, lengthSteps))
    .map((sample) => (areUnitsInLines ? sample : { ...sample, unitId: null }))
  const observations = disturbed(r, sent)
  const newestMs = Math.max(startMs, ...observations.map(({ recordedAt }) => Number(recordedAt)))
  return r.chance(0.5)
    ? { config, observations, asOfMs: newestMs + r.below(48) * GRID_MS }
    : { config, observations }
}

/** Every world that lacks one thing: a run of observations, a version, or a field of a version. */
function* smaller({ config, observations, ...clock }: World): Generator<World> {
  for (let length = Math.ceil(observations.length / 2); length >= 1; length = Math.floor(length / 2)) {
    for (let start = 0; start < observations.length; start += length) {
      yield { ...clock, config, observations: observations.toSpliced(start, length) }
    }
  }
  for (const [unitId, list] of Object.entries(config.units ?? {})) {
    const withList = (changed: UnitVersion[]): World => ({
      ...clock,
      config: { ...config, units: { ...config.units, [unitId]: changed } },
      observations,
    })
    for (const [i, one] of list.entries()) {
      yield withList(list.toSpliced(i, 1))
      for (const [name, value] of Object.entries(one)) {
        if (name !== 'validFrom' && value !== null) yield withList(list.with(i, { ...one, [name]: null }))
      }
    }
  }
  if (config.devices) {
    const { devices: _, ...without } = config
    yield { ...clock, config: without, observations }
  }
  if (clock.asOfMs !== undefined) yield { config, observations }
}

/** The smallest world found that still fails, for a person to read. */
export function simplest(failing: World, fails: (candidate: World) => boolean): World {
  for (const candidate of smaller(failing)) if (fails(candidate)) return simplest(candidate, fails)
  return failing
}

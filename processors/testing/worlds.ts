/**
 * Random small worlds for comparing an implementation with the reference model. Times lie on a coarse grid, and limits are
 * multiples of it, so that readings, deadlines, confirm instants, versions and midnights coincide all the time. The same
 * seed gives the same world; a failing one is made small by `simplest`.
 */
import type { DeviceVersion, DryRunConfig, Observation, UnitVersion } from './model-types.ts'

export type World = { config: DryRunConfig; observations: Observation[]; asOfMs?: number }

const MINUTE_MS = 60_000

/** How far apart the grid's instants are, and how many of its steps a world is long. */
type Scale = { gridMs: number; lengthSteps: number }

/** Most worlds are some hours of a usual sensor; few are weeks, or one that sends every few seconds. */
function scaleOf(r: Random): Scale {
  if (r.chance(0.03)) return { gridMs: 60 * MINUTE_MS, lengthSteps: 120 + r.below(24 * 40) }
  if (r.chance(0.03)) return { gridMs: 20_000, lengthSteps: 60 + r.below(300) }
  return { gridMs: 5 * MINUTE_MS, lengthSteps: 12 + r.below(r.chance(0.2) ? 288 : 84) }
}

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

function version(r: Random, validFrom: number, { gridMs }: Scale): UnitVersion {
  const steps = gridMs / (5 * MINUTE_MS)
  const maybe = <T>(values: readonly T[]) => (r.chance(0.75) ? r.pick(values) : null)
  const minutes = (values: readonly number[]) => maybe(values.map((value) => value * steps))
  const intervals = [300, 300, 600, 600, 900, 900, 450, 433.3].map((seconds) => seconds * steps)
  return {
    validFrom,
    tempMin: maybe([0, 2, 4]),
    tempMax: maybe([6, 8, 8, 10]),
    delayMinutes: minutes([0, 5, 10, 30]),
    expectedReadingIntervalSeconds: r.chance(0.85) ? r.pick(intervals) : null,
    offlineTriggerMultiplier: maybe([1, 2, 3, 1.5, 1.1, 0]),
    offlineTriggerAdditionalMinutes: minutes([0, 5, 10]),
    offlineWarningMissedCheckins: maybe([0, 2, 3, 4, 2.5]),
    offlineCriticalMissedCheckins: maybe([1, 4, 6, 8]),
    doorOpenWarningMinutes: minutes([0, 5, 10, 20]),
    doorOpenCriticalMinutes: minutes([5, 10, 30]),
    doorOpenMaxMaskMinutesPerDay: minutes([0, 5, 15, 30, 60]),
    excursionConfirmMinutesDoorClosed: minutes([0, 5, 10, 15, 20]),
    excursionConfirmMinutesDoorOpen: minutes([5, 15, 30, 45]),
    maxExcursionMinutes: minutes([0, 10, 30, 60]),
    schedule: r.chance(0.3) ? schedule(r) : null,
  }
}

/** A third of them ends at or before its start: past midnight. */
function schedule(r: Random): NonNullable<UnitVersion['schedule']> {
  const days = [0, 1, 2, 3, 4, 5, 6].filter(() => r.chance(0.7))
  const startHour = r.below(23)
  if (r.chance(0.33)) return { days, startHour, endHour: r.below(startHour + 1) }
  return { days, startHour, endHour: startHour + 1 + r.below(24 - startHour) }
}

/** In the order of the file, not of time; two may have the same start. */
function versions(r: Random, startMs: number, scale: Scale): UnitVersion[] {
  const { gridMs, lengthSteps } = scale
  const starts = [r.chance(0.7) ? startMs - 24 * 60 * MINUTE_MS : startMs + r.below(12) * gridMs]
  for (let more = r.below(3); more > 0; more -= 1)
    starts.push(r.chance(0.05) ? r.pick(starts) : startMs + r.below(lengthSteps) * gridMs)
  return starts.map((start) => version(r, start, scale))
}

type Device = { deviceId: string; unitId: string; kind: 'temperature' | 'door' | 'both' }

/** 327.67 is a fault. */
const temperature = (r: Random): number =>
  r.chance(0.03) ? 327.67 : r.pick([-1, 0, 2, 3, 4, 5, 5, 6, 8, 8.5, 9, 11])

function sampleOf(r: Random, device: Device, at: { recordedAt: number; minuteSlack: number }): Observation {
  const hasTemperature = device.kind !== 'door' && r.chance(0.9)
  const hasDoor = device.kind !== 'temperature' && r.chance(0.9)
  return {
    deviceId: device.deviceId,
    unitId: device.unitId,
    recordedAt: at.recordedAt,
    receivedAt: at.recordedAt + at.minuteSlack * MINUTE_MS,
    temperature: hasTemperature ? temperature(r) : null,
    humidity: r.chance(0.2) ? r.pick([40, 55.5, 80]) : null,
    doorOpen: hasDoor ? r.chance(0.5) : null,
  }
}

/** One device's uplinks in the order in which they were sent, with gaps and with the odd sample off the grid. */
function uplinks(r: Random, device: Device, startMs: number, scale: Scale): Observation[] {
  const { gridMs, lengthSteps } = scale
  const found: Observation[] = []
  const hasSessions = r.chance(0.5)
  const stride = r.pick([1, 2, 3])
  for (let step = r.below(6); step < lengthSteps; step += r.chance(0.12) ? 4 + r.below(24) : stride) {
    const jitterMs = r.chance(0.1) ? r.below(gridMs) : 0
    const recordedAt = startMs + step * gridMs + jitterMs
    const sample = sampleOf(r, device, { recordedAt, minuteSlack: 0 })
    if (hasSessions) Object.assign(sample, { sessionKeyId: 'session-1', fCnt: found.length || null })
    if (r.chance(0.04)) sample.simulated = true
    found.push(sample)
    if (r.chance(0.06)) found.push(...history(r, device, sample, gridMs))
  }
  return found
}

/** The carrier's uplink replays samples of its own past: on the grid, so that some meet what was sent live. */
function history(r: Random, device: Device, carrier: Observation, gridMs: number): Observation[] {
  const carriedMs = Number(carrier.recordedAt)
  const { sessionKeyId, fCnt, receivedAt } = carrier
  return Array.from({ length: 1 + r.below(3) }, () => {
    const backMs = (1 + r.below(r.chance(0.7) ? 12 : 60)) * gridMs
    const sample = sampleOf(r, device, {
      recordedAt: Math.floor(carriedMs / gridMs) * gridMs - backMs,
      minuteSlack: 0,
    })
    return { ...sample, receivedAt, sessionKeyId, fCnt, history: true }
  })
}

/** What a network does to a log: copies, retries within and beyond the grace, clocks that are wrong, altered copies. */
function disturbed(r: Random, sent: Observation[], gridMs: number): Observation[] {
  const log = sent.map((observation) => ({ ...observation }))
  const msOf = (value: unknown) => Number(value)
  const inOrder = log
    .map((observation) => ({
      observation,
      arrivalMs: msOf(observation.receivedAt) + arrivalDelaySteps(r) * gridMs,
    }))
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

function arrivalDelaySteps(r: Random): number {
  if (r.chance(0.8)) return 0
  return r.chance(0.7) ? r.below(24) : r.below(60)
}

/** A device that reports both may be assigned as either, or as nothing. */
function deviceVersions(
  r: Random,
  world: { devices: Device[]; unitIds: string[]; startMs: number },
  scale: Scale,
) {
  const { devices, unitIds, startMs } = world
  const assigned: Record<string, DeviceVersion[]> = {}
  for (const { deviceId, unitId, kind: reported } of devices) {
    if (r.chance(0.08)) continue
    const kind = reported === 'both' ? r.pick(['temperature', 'door', null, null] as const) : reported
    const told = r.chance(0.5) ? null : kind
    const list = [{ validFrom: r.chance(0.85) ? 0 : startMs + 6 * scale.gridMs, unitId, kind: told }]
    if (r.chance(0.25)) {
      const validFrom = r.chance(0.1) ? 0 : startMs + r.below(scale.lengthSteps) * scale.gridMs
      list.push({ validFrom, unitId: r.pick(unitIds), kind: r.chance(0.9) ? told : null })
    }
    assigned[deviceId] = list
  }
  return assigned
}

function settings(r: Random, timeZone: string, { gridMs }: Scale): DryRunConfig {
  const config: DryRunConfig = { timeZone }
  if (r.chance(0.5)) config.graceMinutes = (r.pick([0, 30, 60, 120]) * gridMs) / (5 * MINUTE_MS)
  if (r.chance(0.2)) config.clockAheadMinutes = r.pick([0, 20])
  if (r.chance(0.2)) config.retentionMonths = r.pick([1, 12])
  return config
}

/** Mostly after the newest sample, and now and then with samples still to come. */
function clock(r: Random, newestMs: number, gridMs: number): { asOfMs?: number } {
  if (r.chance(0.5)) return {}
  return { asOfMs: newestMs + (r.chance(0.1) ? -r.below(36) : r.below(48)) * gridMs }
}

export function world(seed: number): World {
  const r = random(seed)
  const [timeZone, around] = r.pick(scenes)
  const scale = scaleOf(r)
  const { gridMs } = scale
  const startMs = Date.parse(around) - r.below(24) * gridMs
  const unitIds = ['unit-a', 'unit-b', 'unit-c'].slice(0, r.pick([1, 1, 2, 3]))
  const devices = ['d1', 'd2', 'd3', 'd4'].slice(0, 1 + r.below(4)).map((deviceId, i): Device => {
    const kind =
      i === 0 ? r.pick(['temperature', 'both'] as const) : r.pick(['temperature', 'door', 'both'] as const)
    return { deviceId, unitId: r.pick(unitIds), kind }
  })
  const config = settings(r, timeZone, scale)
  const units: Record<string, UnitVersion[]> = {}
  for (const unitId of unitIds) if (r.chance(0.93)) units[unitId] = versions(r, startMs, scale)
  config.units = units
  if (r.chance(0.4)) config.devices = deviceVersions(r, { devices, unitIds, startMs }, scale)
  const areUnitsInLines = config.devices === undefined || r.chance(0.5)
  const sent = devices
    .flatMap((device) => uplinks(r, device, startMs, scale))
    .map((sample) => (areUnitsInLines ? sample : { ...sample, unitId: null }))
  const observations = disturbed(r, sent, gridMs)
  const newestMs = Math.max(startMs, ...observations.map(({ recordedAt }) => Number(recordedAt)))
  return { config, observations, ...clock(r, newestMs, gridMs) }
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

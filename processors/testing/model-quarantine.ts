/**
 * From the log to each unit's truth: first deliveries only, then clock, unit and identity judged in this order, then what
 * came within the grace. Log order matters here and nowhere after.
 */
import {
  type DeviceKindAt,
  type DeviceVersion,
  type DryRunConfig,
  instantMs,
  isoOf,
  type Observation,
  type Output,
  type Sample,
} from './model-types.ts'

export type UnitSamples = {
  /** Every real reading that is kept, the late ones too. */
  stored: Sample[]
  inTime: Sample[]
  /** Live uplinks within the grace, also those whose reading was already known or in conflict. */
  checkIns: Sample[]
}
export type Judged = { units: Map<string, UnitSamples>; quarantine: Output[]; newestMs: number | null }

type Line = Sample & { receivedMs: number; source: Observation }

/** A sensor's words for "no probe": 0x7FFF in whole degrees, tenths and hundredths. */
const noProbe = [32767, 3276.7, 327.67]

function temperatureOf(value: number | null | undefined): number | null {
  if (value === null || value === undefined || !Number.isFinite(value)) return null
  return noProbe.includes(value) ? null : value
}

function lineOf(source: Observation, index: number): Line {
  const atMs = instantMs(source.recordedAt, `recordedAt of observation ${index + 1}`)
  const received = source.receivedAt ?? source.recordedAt
  return {
    unitId: source.unitId ?? '',
    deviceId: source.deviceId,
    atMs,
    receivedMs: instantMs(received, `receivedAt of observation ${index + 1}`),
    temperature: temperatureOf(source.temperature),
    humidity: source.humidity ?? null,
    doorOpen: source.doorOpen ?? null,
    source,
  }
}

function valuesOf({ temperature, humidity, doorOpen }: Sample) {
  return [temperature, humidity, doorOpen]
}

/** One uplink carries many samples of history; simulated ones are a space of their own. */
function uplinkKey(line: Line): string {
  const { source, deviceId, atMs } = line
  const kind = [source.simulated ?? false, source.history ?? false, deviceId]
  if (!source.sessionKeyId) return JSON.stringify([...kind, atMs, ...valuesOf(line)])
  return JSON.stringify([...kind, source.sessionKeyId, source.fCnt ?? 0, source.history ? atMs : null])
}

function firstDeliveries(lines: Line[]): Line[] {
  const first = new Map<string, Line>()
  for (const line of lines) if (!first.has(uplinkKey(line))) first.set(uplinkKey(line), line)
  return [...first.values()]
}

/** Calendar months back in UTC; a day that the month lacks is its last. */
export function monthsBefore(atMs: number, months: number): number {
  const at = new Date(atMs)
  const firstOfMonth = new Date(atMs)
  firstOfMonth.setUTCDate(1)
  firstOfMonth.setUTCMonth(firstOfMonth.getUTCMonth() - months)
  const daysInMonth = new Date(
    Date.UTC(firstOfMonth.getUTCFullYear(), firstOfMonth.getUTCMonth() + 1, 0),
  ).getUTCDate()
  return firstOfMonth.setUTCDate(Math.min(at.getUTCDate(), daysInMonth))
}

function isClockWrong(line: Line, config: DryRunConfig): boolean {
  const aheadMs = (config.clockAheadMinutes ?? 10) * 60_000
  const oldestMs = monthsBefore(line.receivedMs, config.retentionMonths ?? 24)
  return line.atMs > line.receivedMs + aheadMs || line.atMs < oldestMs
}

function versionAt(versions: DeviceVersion[], atMs: number): DeviceVersion | undefined {
  const fromMs = (version: DeviceVersion) => instantMs(version.validFrom, 'validFrom of a device version')
  const begun = versions.filter((version) => fromMs(version) <= atMs)
  const newestMs = Math.max(...begun.map(fromMs))
  return begun.findLast((version) => fromMs(version) === newestMs)
}

export function kindsOf(config: DryRunConfig): DeviceKindAt {
  return (deviceId, atMs) => versionAt(config.devices?.[deviceId] ?? [], atMs)?.kind ?? null
}

function unitOf(line: Line, config: DryRunConfig): string | null {
  if (!config.devices) return line.source.unitId ?? null
  return versionAt(config.devices[line.deviceId] ?? [], line.atMs)?.unitId ?? null
}

function quarantined(line: Line, unitId: string | null, reason: 'clock' | 'conflict' | 'unassigned'): Output {
  const { deviceId, atMs, temperature, humidity, doorOpen } = line
  const value = { unitId, deviceId, recordedAt: isoOf(atMs), reason, temperature, humidity, doorOpen }
  return { topic: 'quarantine', key: unitId ?? deviceId, value }
}

/** What is recorded after the clock moves no unit, not even its newest. */
export function judge(config: DryRunConfig, observations: Observation[], asOfMs?: number): Judged {
  const graceMs = (config.graceMinutes ?? 120) * 60_000
  const quarantine: Output[] = []
  const units = new Map<string, UnitSamples>()
  const newest = new Map<string, number>()
  const firstOfIdentity = new Map<string, Sample>()
  for (const line of firstDeliveries(observations.map(lineOf))) {
    const { deviceId, atMs, temperature, humidity, doorOpen, source } = line
    if (isClockWrong(line, config)) {
      quarantine.push(quarantined(line, source.unitId ?? null, 'clock'))
      continue
    }
    const unitId = unitOf(line, config)
    if (unitId === null) {
      quarantine.push(quarantined(line, source.unitId ?? null, 'unassigned'))
      continue
    }
    const sample: Sample = { unitId, deviceId, atMs, temperature, humidity, doorOpen }
    const identity = JSON.stringify([source.simulated ?? false, unitId, deviceId, atMs])
    const first = firstOfIdentity.get(identity)
    if (!first) firstOfIdentity.set(identity, sample)
    else if (JSON.stringify(valuesOf(first)) !== JSON.stringify(valuesOf(sample))) {
      quarantine.push(quarantined(line, unitId, 'conflict'))
    }
    if (source.simulated || atMs > (asOfMs ?? atMs)) continue
    const isInTime = atMs >= (newest.get(unitId) ?? atMs) - graceMs
    newest.set(unitId, Math.max(newest.get(unitId) ?? atMs, atMs))
    const unit = units.get(unitId) ?? { stored: [], inTime: [], checkIns: [] }
    units.set(unitId, unit)
    if (!first) unit.stored.push(sample)
    if (!first && isInTime) unit.inTime.push(sample)
    if (!source.history && isInTime) unit.checkIns.push(sample)
  }
  return { units, quarantine, newestMs: newest.size === 0 ? null : Math.max(...newest.values()) }
}

// What a run did, for a person to compare with what the pipeline makes of it, and the injected faults as JSON.
import { type Fault, placeOf } from './faults.ts'
import type { SimulatedFleet } from './fleet.ts'
import type { RunOptions, RunSummary } from './run.ts'

const iso = (ms: number): string => new Date(ms).toISOString()

/** To the minute: a table is for eyes. */
const short = (ms: number): string => iso(ms).slice(0, 16).replace('T', ' ')

export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return rows.map(line).join('\n')
}

export function faultTable(faults: readonly Fault[]): string {
  const rows = faults
    .toSorted((a, b) => a.fromMs - b.fromMs)
    .map((fault) => [fault.kind, placeOf(fault), short(fault.fromMs), short(fault.toMs), fault.expect])
  return table([['fault', 'where', 'from (UTC)', 'to (UTC)', 'expect'], ...rows])
}

export function summaryText(options: RunOptions, summary: RunSummary): string {
  const units = options.fleet.sites.flatMap((site) => site.units)
  const devices = units.flatMap((unit) => unit.devices)
  const seconds = (summary.elapsedMs / 1_000).toFixed(1)
  const notPosted = summary.uplinks + summary.joins + summary.copies - summary.underWay - summary.posted
  const counts = [
    [
      'simulated',
      `${short(options.fromMs)} to ${short(summary.reachedMs)} UTC, seed ${options.seed}, in ${seconds} s`,
    ],
    ['units, devices', `${units.length}, ${devices.length} at ${options.fleet.sites.length} sites`],
    ['uplinks, joins', `${summary.uplinks}, ${summary.joins}`],
    ['delivered late, twice', `${summary.late}, ${summary.copies}`],
    ['lost in the air', `${summary.lost}`],
    ['posted, retried', `${summary.posted}, ${summary.retried}`],
    ['still under way', `${summary.underWay}`],
    ...(notPosted > 0 ? [['left for another run', `${notPosted}`]] : []),
  ]
  const faults = summary.faults.length > 0 ? `\n\n${faultTable(summary.faults)}` : ''
  return `${table(counts)}${faults}`
}

/** `--truth`: the faults with ISO instants, and what they are faults of. */
export function truth(options: RunOptions, summary: RunSummary): object {
  const { faults, elapsedMs: _, reachedMs, ...counts } = summary
  return {
    seed: options.seed,
    from: iso(options.fromMs),
    to: iso(reachedMs),
    anchor: iso(options.anchorMs),
    scenarios: options.scenarios,
    counts,
    faults: faults.map(({ fromMs, toMs, ...fault }) => ({
      ...fault,
      ...unitOf(options.fleet, fault),
      from: iso(fromMs),
      to: iso(toMs),
    })),
  }
}

/** A device's fault is its unit's story. */
function unitOf(fleet: SimulatedFleet, fault: object): { unitId?: string } {
  if (!('devEui' in fault)) return {}
  const unit = fleet.sites
    .flatMap((site) => site.units)
    .find(({ devices }) => devices.some(({ devEui }) => devEui === fault.devEui))
  return unit === undefined ? {} : { unitId: unit.unitId }
}

/** Silences of a unit: every gap between two check-ins of the devices that give its temperature, judged one by one. */

import { firstInstant, limitInstants, type Rule, type Rules, ruleAt } from './model-rules.ts'
import { type DeviceKindAt, isoOf, isoOrNull, type Output, type Sample } from './model-types.ts'

export type Silence = {
  startedMs: number
  detectedMs: number
  warningMs: number | null
  criticalMs: number | null
  endedMs: number | null
}

/** A device gives the temperature by its kind, and without a kind from its first temperature in this unit on. */
export function temperatureCheckIns(checkIns: Sample[], inTime: Sample[], kindAt: DeviceKindAt): number[] {
  const counted = checkIns.filter(({ deviceId, atMs }) => {
    const kind = kindAt(deviceId, atMs)
    if (kind !== null) return kind === 'temperature'
    return inTime.some((s) => s.deviceId === deviceId && s.atMs <= atMs && s.temperature !== null)
  })
  return [...new Set(counted.map((sample) => sample.atMs))].sort((a, b) => a - b)
}

export function silences(checkInsMs: number[], rules: Rules, clockMs: number): Silence[] {
  return checkInsMs.flatMap((startedMs, i) => {
    const endedMs = checkInsMs[i + 1] ?? null
    const passed = (fromMs: number, limitMs: (rule: Rule) => number) =>
      firstInstant({
        candidates: [fromMs, ...limitInstants(rules, startedMs, limitMs)],
        fromMs,
        beforeMs: endedMs ?? Number.POSITIVE_INFINITY,
        clockMs,
        holds: (at) => at - startedMs >= limitMs(ruleAt(rules, at)),
      })
    const detectedMs = passed(startedMs, (rule) => rule.holdMs)
    if (detectedMs === null) return []
    const warningMs = passed(detectedMs, (rule) => rule.silenceWarningMs)
    const criticalMs = passed(detectedMs, (rule) => rule.silenceCriticalMs)
    return [{ startedMs, detectedMs, warningMs, criticalMs, endedMs }]
  })
}

export function silenceOutput(unitId: string, silence: Silence, rules: Rules, clockMs: number): Output {
  const endMs = silence.endedMs ?? clockMs
  const { intervalMs } = ruleAt(rules, endMs)
  return {
    topic: 'silences',
    key: unitId,
    value: {
      startedAt: isoOf(silence.startedMs),
      detectedAt: isoOf(silence.detectedMs),
      endedAt: isoOrNull(silence.endedMs),
      warningAt: isoOrNull(silence.warningMs),
      criticalAt: isoOrNull(silence.criticalMs),
      durationSeconds: (endMs - silence.startedMs) / 1000,
      missedCheckins: intervalMs === null ? null : Math.floor((endMs - silence.startedMs) / intervalMs),
    },
  }
}

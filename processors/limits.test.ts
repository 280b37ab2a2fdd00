// What a rule's fields come to, and above all what "not set" means for each.
import { expect, test } from 'vitest'
import type { Rule } from '../schemas/generated/types.ts'
import { limitsOf, limitsOfVersions, noLimits, noRule, versionIndexAt } from './limits.ts'

const NEVER = Number.POSITIVE_INFINITY
const [SECOND, MINUTE, DAY] = [1_000, 60_000, 86_400_000]

test('with nothing set nothing is limited, awaited, late or due, and a battery recovers by 5 % or 0.1 V', () => {
  expect(limitsOf({ ...noRule, validFrom: 7 })).toEqual({
    validFromMs: 7,
    tempMinC: -NEVER,
    tempMaxC: NEVER,
    confirmClosedMs: 0,
    confirmOpenMs: 0,
    maskBudgetMs: NEVER,
    excursionMaxMs: NEVER,
    doorWarningMs: NEVER,
    doorCriticalMs: NEVER,
    holdMs: NEVER,
    intervalMs: NEVER,
    silenceWarningMs: NEVER,
    silenceCriticalMs: NEVER,
    manualIntervalMs: NEVER,
    manualGraceMs: 0,
    manualOnlyWhenSilent: false,
    lowBatteryPercent: -NEVER,
    lowBatteryVolts: -NEVER,
    batteryHysteresisPercent: 5,
    batteryHysteresisVolts: 0.1,
    stuckReadings: NEVER,
    stuckMs: 0,
    jumpC: NEVER,
    deviceSilentMs: NEVER,
    calibrationNoticeMs: 0,
    delayMs: 0,
    severity: 'warning',
    escalationMs: [],
    schedule: null,
    budgets: [],
  })
  expect(noLimits).toEqual({ ...limitsOf(noRule), validFromMs: -NEVER })
})

test('each field is what it says, in milliseconds', () => {
  const schedule = { entries: [] } as unknown as Rule['schedule']
  const rule: Rule = {
    validFrom: 1,
    tempMin: 2,
    tempMax: 8,
    excursionConfirmMinutesDoorClosed: 15,
    excursionConfirmMinutesDoorOpen: 30,
    doorOpenMaxMaskMinutesPerDay: 120,
    maxExcursionMinutes: 45,
    doorOpenWarningMinutes: 5,
    doorOpenCriticalMinutes: 20,
    expectedReadingIntervalSeconds: 600,
    offlineTriggerMultiplier: 3,
    offlineTriggerAdditionalMinutes: 5,
    offlineWarningMissedCheckins: 6,
    offlineCriticalMissedCheckins: 12,
    manualIntervalMinutes: 240,
    manualGraceMinutes: 10,
    manualOnlyWhenSilent: true,
    lowBatteryPercent: 20,
    lowBatteryVolts: 2.9,
    batteryHysteresisPercent: 0,
    batteryHysteresisVolts: 0,
    faultStuckReadings: 10,
    faultStuckMinutes: 90,
    faultJumpC: 11,
    deviceSilentMinutes: 50,
    calibrationNoticeDays: 30,
    delayMinutes: 4,
    severity: 'critical',
    escalationMinutes: [10, 25.5],
    schedule,
    budgets: [
      { name: 'b', side: 'above', limit: 8, atLimit: true, over: 'lot', lot: 'x', minutes: 1.1 },
    ] as Rule['budgets'],
  }
  expect(limitsOf(rule)).toEqual({
    validFromMs: 1,
    tempMinC: 2,
    tempMaxC: 8,
    confirmClosedMs: 15 * MINUTE,
    confirmOpenMs: 30 * MINUTE,
    maskBudgetMs: 120 * MINUTE,
    excursionMaxMs: 45 * MINUTE,
    doorWarningMs: 5 * MINUTE,
    doorCriticalMs: 20 * MINUTE,
    holdMs: 3 * 600 * SECOND + 5 * MINUTE,
    intervalMs: 600 * SECOND,
    silenceWarningMs: 6 * 600 * SECOND,
    silenceCriticalMs: 12 * 600 * SECOND,
    manualIntervalMs: 240 * MINUTE,
    manualGraceMs: 10 * MINUTE,
    manualOnlyWhenSilent: true,
    lowBatteryPercent: 20,
    lowBatteryVolts: 2.9,
    batteryHysteresisPercent: 0,
    batteryHysteresisVolts: 0,
    stuckReadings: 10,
    stuckMs: 90 * MINUTE,
    jumpC: 11,
    deviceSilentMs: 50 * MINUTE,
    calibrationNoticeMs: 30 * DAY,
    delayMs: 4 * MINUTE,
    severity: 'critical',
    escalationMs: [10 * MINUTE, 25.5 * MINUTE],
    schedule,
    budgets: [
      { name: 'b', side: 'above', limitC: 8, isAtLimit: true, over: 'lot', lot: 'x', budgetMs: 66_000 },
    ],
  })
})

test('zero is set: confirmed at once, warned at once, due at once', () => {
  const zeros = limitsOf({
    ...noRule,
    tempMin: 0,
    tempMax: 0,
    excursionConfirmMinutesDoorClosed: 15,
    excursionConfirmMinutesDoorOpen: 0,
    doorOpenMaxMaskMinutesPerDay: 0,
    maxExcursionMinutes: 0,
    doorOpenWarningMinutes: 0,
    expectedReadingIntervalSeconds: 60,
    offlineTriggerMultiplier: 0,
    offlineWarningMissedCheckins: 0,
    lowBatteryPercent: 0,
    lowBatteryVolts: 0,
    faultJumpC: 0,
  })
  expect(zeros).toMatchObject({
    tempMinC: 0,
    tempMaxC: 0,
    confirmOpenMs: 0,
    maskBudgetMs: 0,
    excursionMaxMs: 0,
  })
  expect(zeros).toMatchObject({ doorWarningMs: 0, holdMs: 0, silenceWarningMs: 0, lowBatteryPercent: 0 })
  expect(zeros).toMatchObject({ lowBatteryVolts: 0, jumpC: 0 })
})

test('an open door without a time of its own is confirmed as a closed one', () => {
  expect(limitsOf({ ...noRule, excursionConfirmMinutesDoorClosed: 15 }).confirmOpenMs).toBe(15 * MINUTE)
})

test('a value holds one interval where nothing is multiplied; without an interval for ever, whatever else is set', () => {
  const every = { ...noRule, expectedReadingIntervalSeconds: 600 }
  expect(limitsOf(every).holdMs).toBe(600 * SECOND)
  expect(limitsOf({ ...every, offlineTriggerMultiplier: 1.5 }).holdMs).toBe(900 * SECOND)
  expect(limitsOf({ ...every, offlineTriggerAdditionalMinutes: 5 }).holdMs).toBe(900 * SECOND)
  // In floating point 0.1 s times 1.1 and 1.1 min are no whole milliseconds.
  const odd = { ...noRule, expectedReadingIntervalSeconds: 0.1, offlineTriggerMultiplier: 1.1 }
  expect(limitsOf({ ...odd, offlineTriggerAdditionalMinutes: 1.1 }).holdMs).toBe(66_110)
  const endless = { ...noRule, offlineTriggerMultiplier: 0, offlineTriggerAdditionalMinutes: 5 }
  expect(limitsOf(endless).holdMs).toBe(NEVER)
  expect(limitsOf({ ...noRule, offlineWarningMissedCheckins: 0 }).silenceWarningMs).toBe(NEVER)
  expect(limitsOf({ ...noRule, offlineCriticalMissedCheckins: 3 }).silenceCriticalMs).toBe(NEVER)
})

test('of minutes alone, two equal readings are stuck; of readings alone, at once', () => {
  expect(limitsOf({ ...noRule, faultStuckMinutes: 90 })).toMatchObject({
    stuckReadings: 2,
    stuckMs: 90 * MINUTE,
  })
  expect(limitsOf({ ...noRule, faultStuckReadings: 6 })).toMatchObject({ stuckReadings: 6, stuckMs: 0 })
})

test('versions come ascending, of two of one instant the later in the list stands', () => {
  const versions = limitsOfVersions(
    [20, 10, 20].map((validFrom, tempMax) => ({ ...noRule, validFrom, tempMax })),
  )
  expect(versions.map(({ validFromMs, tempMaxC }) => [validFromMs, tempMaxC])).toEqual([
    [10, 1],
    [20, 0],
    [20, 2],
  ])
  expect([9, 10, 19, 20, 21].map((ms) => versionIndexAt(versions, ms))).toEqual([-1, 0, 0, 2, 2])
  expect(versionIndexAt([], 10)).toBe(-1)
})

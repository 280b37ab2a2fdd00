import { describe, expect, test } from 'vitest'
import type { DeviceAssignment } from '../schemas/generated/types.ts'
import {
  assignmentAt,
  emptySequence,
  forgetUnassigned,
  isClockRight,
  isCopy,
  judgeUplink,
  monthsBefore,
  type SeenUplink,
  type Sequence,
  sequenceDefaults,
  type TimedSample,
} from './sequence.ts'
import { at, hours, minutes } from './unit-driver.ts'

const assignment = (validFrom: number, unitId: string | null) => ({
  validFrom,
  organizationId: 'org',
  unitId,
  kind: null,
  vendor: null,
  model: null,
  probe: null,
  calibrationOffset: 0,
  calibrationValidUntil: null,
  openIs: null,
})

type Sent = {
  time: string
  temperature?: number | null
  fCnt?: number
  session?: string | null
  history?: boolean
  versions?: DeviceAssignment[]
} & Partial<SeenUplink>

let counter = 0
function send(sequence: Sequence, sent: Sent, options = sequenceDefaults): (string | null)[] {
  const recordedAtMs = at(sent.time)
  const sample: TimedSample = {
    recordedAtMs,
    history: sent.history ?? false,
    temperature: sent.temperature ?? null,
    humidity: null,
    doorOpen: null,
  }
  const uplink: SeenUplink = {
    sessionKeyId: sent.session === undefined ? 's' : sent.session,
    fCnt: sent.fCnt ?? counter++,
    recordedAtMs,
    digest: sent.temperature ?? 0,
    receivedAtMs: recordedAtMs,
    simulated: false,
    ...sent,
  }
  if (isCopy(sequence, uplink)) return []
  const versions = sent.versions ?? [assignment(0, 'unit')]
  return judgeUplink(sequence, options, uplink, versions, [sample]).map(({ reason }) => reason)
}

describe('copies', () => {
  test('a first delivery with a clock far ahead stands, and makes nothing else be forgotten', () => {
    const sequence = emptySequence()
    send(sequence, { time: '10:00', session: null, temperature: 5 })
    const receivedAtMs = at('10:00') + 3 * 366 * hours(24)
    expect(send(sequence, { time: '10:10', session: null, temperature: 6, receivedAtMs })).toEqual(['clock'])
    expect(send(sequence, { time: '10:10', session: null, temperature: 6 })).toEqual([])
    expect(send(sequence, { time: '10:00', session: null, temperature: 5 })).toEqual([])
  })

  test('an uplink counts once, however often and late it comes, and whatever copies say', () => {
    const sequence = emptySequence()
    expect(send(sequence, { time: '10:00', fCnt: 1, temperature: 5 })).toEqual([null])
    expect(send(sequence, { time: '10:00', fCnt: 1, temperature: 5 })).toEqual([])
    expect(send(sequence, { time: '18:00', fCnt: 1, temperature: 9 })).toEqual([])
    expect(send(sequence, { time: '18:00', fCnt: 1, session: 'next', temperature: 9 })).toEqual([null])
  })

  test('the first delivery counts even where it went to quarantine', () => {
    const sequence = emptySequence()
    expect(send(sequence, { time: '10:00', fCnt: 1, receivedAtMs: at('09:00') })).toEqual(['clock'])
    expect(send(sequence, { time: '10:00', fCnt: 1 })).toEqual([])
  })

  test('an unassigned uplink is dropped as a copy until the assignments change', () => {
    const sequence = emptySequence()
    const unassigned = { time: '10:00', fCnt: 1, versions: [] }
    expect(send(sequence, unassigned)).toEqual(['unassigned'])
    expect(send(sequence, unassigned)).toEqual([])
    forgetUnassigned(sequence)
    expect(send(sequence, { time: '10:00', fCnt: 1 })).toEqual([null])
    expect(send(sequence, { time: '10:00', fCnt: 1 })).toEqual([])
  })
})

describe('clock', () => {
  test('more than 10 minutes after receivedAt is too late; exactly 10 minutes is not', () => {
    expect(isClockRight(at('10:10'), at('10:00'), sequenceDefaults)).toBe(true)
    expect(isClockRight(at('10:10') + 1, at('10:00'), sequenceDefaults)).toBe(false)
  })

  test('retention is calendar months back from receivedAt, at most the last day of the month', () => {
    const iso = (ms: number) => new Date(ms).toISOString()
    expect(iso(monthsBefore(Date.parse('2026-03-31T10:20:30.400Z'), 1))).toBe('2026-02-28T10:20:30.400Z')
    expect(iso(monthsBefore(Date.parse('2024-02-29T00:00:00Z'), 12))).toBe('2023-02-28T00:00:00.000Z')
    expect(iso(monthsBefore(Date.parse('2026-01-15T00:00:00Z'), 24))).toBe('2024-01-15T00:00:00.000Z')
    const options = { ...sequenceDefaults, retentionMonths: 1 }
    const received = Date.parse('2026-03-31T10:00:00Z')
    expect(isClockRight(Date.parse('2026-02-28T10:00:00Z'), received, options)).toBe(true)
    expect(isClockRight(Date.parse('2026-02-28T09:59:59.999Z'), received, options)).toBe(false)
  })

  test('clock is judged before unit, unit before identity', () => {
    const wrong = { time: '10:00', receivedAtMs: at('09:00'), versions: [] }
    expect(send(emptySequence(), wrong)).toEqual(['clock'])
  })
})

describe('identity', () => {
  test('another value under the same instant is a conflict, the same one is dropped', () => {
    const sequence = emptySequence()
    expect(send(sequence, { time: '10:00', temperature: 5 })).toEqual([null])
    expect(send(sequence, { time: '10:00', temperature: 5 })).toEqual([])
    expect(send(sequence, { time: '10:00', temperature: 6 })).toEqual(['conflict'])
    expect(send(sequence, { time: '10:00', temperature: null })).toEqual(['conflict'])
  })

  test('simulated samples have identities of their own', () => {
    const sequence = emptySequence()
    expect(send(sequence, { time: '10:00', fCnt: 1, temperature: 5, simulated: true })).toEqual([null])
    expect(send(sequence, { time: '10:00', fCnt: 1, temperature: 6 })).toEqual([null])
    expect(send(sequence, { time: '10:00', fCnt: 2, temperature: 6, simulated: true })).toEqual(['conflict'])
  })

  test('a reading is of its unit: moved away and back, the same instant is another reading', () => {
    const sequence = emptySequence()
    expect(send(sequence, { time: '10:00', temperature: 5 })).toEqual([null])
    const elsewhere = [assignment(0, 'other')]
    expect(send(sequence, { time: '10:00', temperature: 6, versions: elsewhere })).toEqual([null])
  })

  test('a live uplink is a check-in also where a replay has brought its reading first', () => {
    const sequence = emptySequence()
    expect(send(sequence, { time: '10:00', temperature: 5, history: true })).toEqual([null])
    expect(send(sequence, { time: '10:00', temperature: 5, history: true })).toEqual([])
    expect(send(sequence, { time: '10:00', temperature: 5 })).toEqual(['check-in'])
    expect(send(sequence, { time: '10:00', temperature: 5 })).toEqual([])
    send(sequence, { time: '10:10', temperature: 5, history: true })
    expect(send(sequence, { time: '10:10', temperature: 6 })).toEqual(['conflict', 'check-in'])
  })

  test('identities are remembered for a while behind the newest', () => {
    const options = { ...sequenceDefaults, identityHorizonMs: hours(1) }
    const sequence = emptySequence()
    send(sequence, { time: '10:00', temperature: 5 }, options)
    send(sequence, { time: '11:00', temperature: 5 }, options)
    expect(send(sequence, { time: '10:00', temperature: 6 }, options)).toEqual(['conflict'])
    send(sequence, { time: '11:01', temperature: 5 }, options)
    expect(send(sequence, { time: '10:00', temperature: 6 }, options)).toEqual([null])
  })
})

test('a sample is of the unit that the version valid at its instant names', () => {
  const versions = [assignment(minutes(10), 'a'), assignment(minutes(20), null), assignment(minutes(30), 'b')]
  const unitAt = (ms: number) => assignmentAt(versions, ms)?.unitId
  expect([5, 10, 19, 20, 30].map((m) => unitAt(minutes(m)))).toEqual([undefined, 'a', 'a', null, 'b'])
})

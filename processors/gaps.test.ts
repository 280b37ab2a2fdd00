import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Uplink } from '../schemas/generated/types.ts'
import { addFrame, type DeviceFrames, gapsOf, lossOf, lossPercent, noFrames } from './gaps.ts'

const startMs = Date.UTC(2026, 1, 12)
const intervalMs = 600_000

/** What matters of an uplink here; frame n was sent n intervals after the start. */
const frame = (fCnt: number, more: Partial<Uplink> = {}): Uplink =>
  ({
    type: 'uplink',
    devEui: '0004A30B001C0530',
    connectionId: 'ttn',
    deviceName: 'fridge-1',
    sessionKeyId: 'one',
    fCnt,
    recordedAt: startMs + fCnt * intervalMs,
    simulated: false,
    gateways: [{ gatewayId: fCnt % 2 === 0 ? 'even' : 'odd', gatewayEui: null, rssi: -50, snr: 5 }],
    ...more,
  }) as Uplink

function folded(frames: readonly Uplink[]): DeviceFrames {
  const state = noFrames('0004A30B001C0530')
  for (const one of frames) addFrame(state, one)
  return state
}

const numbers = (frames: DeviceFrames) =>
  gapsOf(frames).map(({ firstFCnt, lastFCnt }) => [firstFCnt, lastFCnt])

test('a hole lies between two instants, and is charged to the gateway that heard the device last', () => {
  const frames = folded([0, 1, 2, 5, 6].map((n) => frame(n)))
  expect(gapsOf(frames)).toEqual([
    {
      devEui: '0004A30B001C0530',
      sessionKeyId: 'one',
      firstFCnt: 3,
      lastFCnt: 4,
      missing: 2,
      afterMs: startMs + 2 * intervalMs,
      beforeMs: startMs + 5 * intervalMs,
      gatewayId: 'even',
    },
  ])
  expect(lossOf(frames)).toEqual([
    { dayMs: startMs, gatewayId: 'even', received: 3, lost: 2 },
    { dayMs: startMs, gatewayId: 'odd', received: 2, lost: 0 },
  ])
  expect(lossPercent({ received: 3, lost: 1 })).toBe(25)
})

test('which frames came decides, not in what order or how often', () => {
  const counters = fc.uniqueArray(fc.nat(60), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(counters, fc.infiniteStream(fc.nat()), (came, choices) => {
      const inOrder = came.toSorted((a, b) => a - b)
      const expected = folded(inOrder.map((n) => frame(n)))
      const missing = Array.from({ length: 61 }, (_, n) => n).filter(
        (n) => n > (inOrder[0] ?? 0) && n < (inOrder.at(-1) ?? 0) && !inOrder.includes(n),
      )
      expect(
        gapsOf(expected).flatMap(({ firstFCnt, missing: count }) =>
          Array.from({ length: count }, (_, n) => firstFCnt + n),
        ),
      ).toEqual(missing)
      const doubled = [...came, ...came.slice(0, 10)]
      const shuffled = doubled.map((n) => [choices.next().value, n] as const).toSorted((a, b) => a[0] - b[0])
      const other = folded(shuffled.map(([, n]) => frame(n)))
      expect([gapsOf(other), lossOf(other)]).toEqual([gapsOf(expected), lossOf(expected)])
    }),
  )
})

test('a hole that is filled from either side or from its middle shrinks, splits and is gone', () => {
  const state = folded([0, 10].map((n) => frame(n)))
  const after = (n: number) => {
    addFrame(state, frame(n))
    return numbers(state)
  }
  expect([after(1), after(9), after(5)]).toEqual([
    [[2, 9]],
    [[2, 8]],
    [
      [2, 4],
      [6, 8],
    ],
  ])
  for (const n of [2, 3, 4, 6, 7, 8]) after(n)
  expect(numbers(state)).toEqual([])
})

test('a new session begins anew, a jump beyond what LoRaWAN allows is no loss, nor is what came before the first frame', () => {
  const second = { sessionKeyId: 'two' }
  expect(numbers(folded([frame(100), frame(101), frame(0, second), frame(2, second)]))).toEqual([[1, 1]])
  expect(numbers(folded([frame(10), frame(20_000)]))).toEqual([])
})

test('joins, simulations, frames without session and copies are no frames of their own', () => {
  const state = folded([frame(0)])
  expect(addFrame(state, frame(0))).toBe(false)
  expect(addFrame(state, frame(1, { type: 'join' }))).toBe(false)
  expect(addFrame(state, frame(2, { type: 'other' }))).toBe(false)
  expect(addFrame(state, frame(3, { simulated: true }))).toBe(false)
  expect(addFrame(state, frame(4, { sessionKeyId: null }))).toBe(false)
  expect(lossOf(state)).toEqual([{ dayMs: startMs, gatewayId: 'even', received: 1, lost: 0 }])
})

test('the loudest gateway has heard it best, by its EUI where it has one; none is a gateway, too', () => {
  const gateways = [
    { gatewayId: 'packetbroker', gatewayEui: 'AA', rssi: -90, snr: 1 },
    { gatewayId: 'packetbroker', gatewayEui: 'BB', rssi: -80, snr: 1 },
  ]
  const state = folded([frame(0, { gateways }), frame(1, { gateways: [] })])
  expect(lossOf(state).map(({ gatewayId }) => gatewayId)).toEqual(['BB', 'unknown'])
})

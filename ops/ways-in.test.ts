// One uplink by every way at once: webhook, MQTT (the same body), the Storage Integration, another cloud. The device stage
// makes one reading of it, in whatever order they arrive.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { LogRecord } from '../bridge/acknowledged-log.ts'
import { openIntake } from '../bridge/intake.ts'
import { type Json, uplinkBody } from '../bridge/testing/posting.ts'
import { deviceStage } from '../processors/device-stage.ts'
import { memoryRegistry, openCodecs } from '../schemas/codec.ts'
import type { Uplink } from '../schemas/generated/types.ts'

const codecs = await openCodecs(memoryRegistry(), '')
const unitId = '6f0d7c1e-5a1b-5c2d-8e3f-4a5b6c7d8e9f'
const counters = [7, 8, 9]
const sent = (counter: number): Json =>
  uplinkBody({ f_cnt: counter, received_at: `2026-02-12T15:${10 + counter}:45.789585559Z` })

const ways: readonly ((counter: number) => Json)[] = [
  sent,
  (counter) => ({ result: sent(counter) }),
  (counter) => ({ message: { data: Buffer.from(JSON.stringify(sent(counter))).toString('base64') } }),
  // The companion of the same frame: its values are the uplink's own, once more.
  (counter) => {
    const { uplink_message: message, ...envelope } = sent(counter)
    return {
      ...envelope,
      uplink_normalized: { ...(message as Json), normalized_payload: { air: { temperature: 28.29 } } },
    }
  },
]

async function uplinksOf(bodies: readonly Json[]): Promise<Uplink[]> {
  const records: LogRecord[] = []
  let nowMs = Date.UTC(2026, 1, 12, 16)
  const intake = openIntake({
    append: async (record) => void records.push(record),
    uplinks: { topic: 'uplinks', ...codecs.of('uplinks') },
    deadLetters: { topic: 'dead-letters', ...codecs.of('dead-letters') },
    clockMs: () => (nowMs += 60_000),
  })
  for (const body of bodies)
    await intake.take({
      connectionId: 'any',
      bytes: Buffer.from(JSON.stringify(body)),
      contentType: 'application/json',
    })
  return records.map(({ value }) => codecs.of('uplinks').decode(value))
}

function readingsOf(uplinks: readonly Uplink[]): string[] {
  const stage = deviceStage()
  const state = stage.initial('0004A30B001C0530')
  state.assignments = {
    deviceId: unitId,
    versions: [
      {
        validFrom: 0,
        organizationId: unitId,
        unitId,
        kind: 'temperature',
        vendor: 'dragino',
        model: 'lht65',
        probe: null,
        calibrationOffset: 0,
        calibrationValidUntil: null,
      },
    ],
  } as never
  const readings: string[] = []
  for (const value of uplinks)
    stage.onRecord(state, { topic: 'uplinks', value } as never, (topic, _key, reading) => {
      const { receivedAt: _, ...rest } = reading as { receivedAt: number }
      if (topic === 'readings') readings.push(JSON.stringify(rest))
    })
  return readings.toSorted()
}

test('however many ways an uplink takes, and in whatever order, it is one reading', async () => {
  const once = readingsOf(await uplinksOf(counters.map(sent)))
  expect(once).toHaveLength(counters.length)
  const all = counters.flatMap((counter) => ways.map((way) => way(counter)))
  await fc.assert(
    fc.asyncProperty(fc.shuffledSubarray(all, { minLength: all.length }), async (bodies) => {
      expect(readingsOf(await uplinksOf(bodies))).toEqual(once)
    }),
    { numRuns: 50 },
  )
})

test('a join starts a new session: the same counter in it is another uplink', async () => {
  const { uplink_message: _, ...envelope } = sent(7)
  const session = 'AXBSH1Pk6Z0G166RlH16CQ=='
  const join = { ...envelope, join_accept: { session_key_id: session, received_at: '2026-02-12T15:30:00Z' } }
  const again = uplinkBody({ session_key_id: session, f_cnt: 7, received_at: '2026-02-12T15:31:00Z' })
  expect(readingsOf(await uplinksOf([sent(7), join, again, again]))).toHaveLength(2)
})

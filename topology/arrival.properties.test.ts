// Whole worlds through the whole topology: however their uplinks arrive, copied, late inside grace, over how many partitions and
// in whatever commits, aborted and crashed ones among them, the final outputs are those of one calm run in order.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { UnitOutput } from '../processors/ledger.ts'
import { noRule } from '../processors/limits.ts'
import { identityOf, isRetracted } from '../processors/unit-driver.ts'
import { unitStage } from '../processors/unit-stage.ts'
import type { Uplink } from '../schemas/generated/types.ts'
import type { Fate, MemoryOptions } from './memory-runtime.ts'
import { TestDriver } from './test-driver.ts'
import { uplinkOf } from './testing/counting.ts'
import { topologyDefaults, topologyOf } from './topology.ts'

const MINUTE_MS = 60_000
const UPLINKS = 60
/** Wider than the log: without turns, which are Kafka's, a partition may be taken before another one. */
const topology = topologyOf({ ...topologyDefaults, graceMs: 24 * 60 * MINUTE_MS })
const startMs = Date.parse('2026-02-02T09:00:00Z')
const endMs = startMs + 8 * 60 * MINUTE_MS

/** Each unit has two devices, which lie in different partitions. */
const devices = ['a', 'b', 'c', 'd'].map((name, i) => ({
  devEui: `device-${name}`,
  unitId: `unit-${i >> 1}`,
}))
const topics = unitStage().outputs.filter((topic): topic is UnitOutput => topic !== 'late-readings')

type Measured = { device: number; minute: number; temperature: number | null; door: boolean | null }

const measured: fc.Arbitrary<Measured> = fc.record({
  device: fc.nat({ max: devices.length - 1 }),
  minute: fc.integer({ min: 0, max: 300 }),
  temperature: fc.option(fc.constantFrom(-1, 4, 8, 8.5, 12), { freq: 6, nil: null }),
  door: fc.option(fc.boolean(), { freq: 1, nil: null }),
})

/** In the order of measuring; a device counts its frames in it. */
const log = fc
  .uniqueArray(measured, {
    minLength: 1,
    maxLength: UPLINKS,
    selector: ({ device, minute }) => `${device} ${minute}`,
  })
  .map((list): Uplink[] => {
    const frames = devices.map(() => 0)
    return list
      .sort((x, y) => x.minute - y.minute || x.device - y.device)
      .map(({ device, minute, temperature, door }) => {
        frames[device] = (frames[device] ?? 0) + 1
        const decoded = {
          ...(temperature === null ? {} : { temperature }),
          ...(door === null ? {} : { door_open: door }),
        }
        const { devEui } = devices[device]!
        const uplink = uplinkOf(devEui, frames[device], startMs + minute * MINUTE_MS)
        return { ...uplink, receivedAt: endMs, decodedPayload: JSON.stringify(decoded) }
      })
  })

const ofEach = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: UPLINKS, maxLength: UPLINKS })

/** How late each arrives, which are sent again and how much later, and what becomes of the commits. */
const arrival = fc.record({
  lateMinutes: ofEach(fc.integer({ min: 0, max: 400 })),
  copyMinutes: ofEach(fc.option(fc.integer({ min: 0, max: 400 }), { freq: 1, nil: null })),
  isOrdered: fc.boolean(),
  split: fc.integer({ min: 1, max: 20 }),
  partitions: fc.integer({ min: 1, max: 3 }),
  recordsPerCommit: fc.integer({ min: 1, max: 20 }),
  fates: fc.array(fc.constantFrom<Fate>('commit', 'abort', 'crash'), { maxLength: 60 }),
})

type Arrival = typeof arrival extends fc.Arbitrary<infer A> ? A : never

function arrived(uplinks: readonly Uplink[], { lateMinutes, copyMinutes, isOrdered }: Arrival): Uplink[] {
  const sent = uplinks.flatMap((uplink, i) => {
    const firstMs = uplink.recordedAt + (isOrdered ? 0 : (lateMinutes[i] ?? 0) * MINUTE_MS)
    const copy = copyMinutes[i] ?? null
    const again = copy === null ? [] : [{ uplink, atMs: firstMs + copy * MINUTE_MS }]
    return [{ uplink, atMs: firstMs }, ...again]
  })
  return sent.sort((x, y) => x.atMs - y.atMs).map(({ uplink }) => uplink)
}

function outcome(uplinks: readonly Uplink[], split: number, options: Partial<MemoryOptions> = {}): unknown {
  const driver = new TestDriver(topology, options)
  for (const { devEui, unitId } of devices) {
    const version = {
      validFrom: 0,
      organizationId: 'org',
      unitId,
      kind: null,
      vendor: null,
      model: null,
      probe: null,
    }
    const more = { calibrationOffset: 0, calibrationValidUntil: null, openIs: null }
    driver.pipe('devices', { devEui, deviceId: devEui, versions: [{ ...version, ...more }] })
    driver.pipe('unit-configs', {
      unitId,
      organizationId: 'org',
      siteId: 's',
      timeZone: 'UTC',
      devices: [],
      versions: [rule],
    })
  }
  for (let from = 0; from < uplinks.length; from += split)
    driver.pipe('uplinks', ...uplinks.slice(from, from + split))
  driver.advanceTo(endMs)
  expect(driver.drain('dead-letters')).toEqual([])
  return topics.map((topic) => {
    const last = new Map(
      driver.drain(topic).map((record) => [`${record.unitId} ${identityOf(record)}`, record]),
    )
    const standing = [...last.values()].filter((record) => !isRetracted(record))
    return standing.map((record) => JSON.stringify({ ...record, revision: null })).sort()
  })
}

const rule = {
  ...noRule,
  validFrom: 0,
  ...{ tempMin: 0, tempMax: 8, excursionConfirmMinutesDoorClosed: 15, excursionConfirmMinutesDoorOpen: 40 },
  ...{ maxExcursionMinutes: 60, doorOpenWarningMinutes: 10, doorOpenCriticalMinutes: 30, delayMinutes: 5 },
  ...{ expectedReadingIntervalSeconds: 600, offlineTriggerMultiplier: 3, offlineWarningMissedCheckins: 5 },
}

test('however uplinks arrive inside grace, and whatever becomes of the commits, the outputs are those in order', () => {
  fc.assert(
    fc.property(log, arrival, (uplinks, how) => {
      const { split, partitions, recordsPerCommit, fates } = how
      // After the drawn ones all commits succeed: nothing aborts for ever.
      const fate = (commit: number): Fate => fates[commit] ?? 'commit'
      const disturbed = outcome(arrived(uplinks, how), split, { partitions, recordsPerCommit, fate })
      expect(disturbed).toEqual(outcome(uplinks, uplinks.length))
    }),
    { numRuns: 150 },
  )
})

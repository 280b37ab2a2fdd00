// Asks the Storage Integration for what is missing: each gap of a connection that has one, once it is old enough to be there,
// and not again before a while has passed, for most of what it does not have was never heard by any gateway.
import type { OpenBackfill } from '../../bridge/main.ts'
import { type DeviceFrames, type Gap, gapsOf } from '../../processors/gaps.ts'
import { PipelineError } from '../../schemas/failure.ts'

export type GapFiller = {
  /** How many uplinks it got for how many gaps. */
  fill(devices: Iterable<DeviceFrames>, sinceMs: number, nowMs: number): Promise<Filled>
}

export type Filled = { asked: number; read: number; failed: string[] }

/** The Storage Integration writes in batches. */
const settleMs = 2 * 60_000
const againAfterMs = 6 * 3_600_000
const marginMs = 60_000
const gapsMax = 200

export function gapFiller(backfill: OpenBackfill['backfill'], connections: ReadonlySet<string>): GapFiller {
  const askedAtMs = new Map<string, number>()
  const isDue = (gap: Gap, sinceMs: number, nowMs: number) =>
    gap.beforeMs >= sinceMs &&
    gap.beforeMs <= nowMs - settleMs &&
    nowMs - (askedAtMs.get(keyOf(gap)) ?? Number.NEGATIVE_INFINITY) >= againAfterMs
  return {
    async fill(devices, sinceMs, nowMs) {
      const filled: Filled = { asked: 0, read: 0, failed: [] }
      for (const device of devices) {
        if (!connections.has(device.connectionId)) continue
        for (const gap of gapsOf(device).filter((one) => isDue(one, sinceMs, nowMs))) {
          if (filled.asked >= gapsMax) return filled
          askedAtMs.set(keyOf(gap), nowMs)
          filled.asked += 1
          const span = {
            fromMs: gap.afterMs - marginMs,
            toMs: gap.beforeMs + marginMs,
            deviceId: device.deviceName,
          }
          try {
            filled.read += (await backfill(device.connectionId, span)).read
          } catch (error) {
            if (!(error instanceof PipelineError)) throw error
            filled.failed.push(`${device.devEui}: ${error.message}`)
            askedAtMs.delete(keyOf(gap)) // asked, and not answered: at the next look
            break
          }
        }
      }
      return filled
    },
  }
}

const keyOf = ({ devEui, sessionKeyId, firstFCnt, lastFCnt }: Gap) =>
  `${devEui}|${sessionKeyId}|${firstFCnt}|${lastFCnt}`

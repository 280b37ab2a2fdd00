// All units together with the network between them and the bridge: what is delivered, when, in which order, how often.
import type { Frame } from './device.ts'
import { dayMs } from './door-traffic.ts'
import { type Fault, faultsOf, isDuring } from './faults.ts'
import type { SimulatedFleet, SimulatedSite } from './fleet.ts'
import { radioOf } from './radio.ts'
import { chanceOf } from './random.ts'
import { recordedAtMs, thingsStackBody } from './things-stack-body.ts'
import { stepMs, type UnitLife, unitLife } from './unit.ts'

export type Delivery = {
  deliverAtMs: number
  recordedAtMs: number
  devEui: string
  unitId: string
  kind: 'uplink' | 'join'
  /** The frame's identity, for whoever counts. */
  session: number
  fCnt: number
  simulated: boolean
  isCopy: boolean
  body: string
}

export type Tally = { uplinks: number; joins: number; copies: number; late: number; lost: number }

export type World = {
  /** Everything that is delivered up to this instant and was not before, in its order. */
  advance(toMs: number): Delivery[]
  tally(): Tally
  /** Sent, and still on its way. */
  underWay(): number
}

export type WorldOptions = {
  fleet: SimulatedFleet
  seed: number
  /** What came before is lived through, but not delivered. */
  fromMs: number
  anchorMs: number
  faults: readonly Fault[]
}

/** What was asked for cannot be simulated; the message says what to ask for. */
export class SimulationImpossible extends Error {}

/** How far before the anchor each life begins: long enough for any window that is asked for. */
export const historyDays = 30
const minuteMs = 60_000
const retryMinutes = [1, 3, 8, 20, 45, 80]
const lateAfterMs = 30_000

export const originOf = (anchorMs: number): number => (Math.floor(anchorMs / dayMs) - historyDays) * dayMs

type Resident = { site: SimulatedSite; unitId: string; life: UnitLife }

export function simulatedWorld({ fleet, seed, fromMs, anchorMs, faults }: WorldOptions): World {
  const originMs = originOf(anchorMs)
  if (fromMs < originMs)
    throw new SimulationImpossible(
      `The simulation goes back ${historyDays} days before its anchor, not further: --from is too early.`,
    )
  const residents: Resident[] = fleet.sites.flatMap((site) =>
    site.units.map((unit) => ({
      site,
      unitId: unit.unitId,
      life: unitLife(unit, { seed, originMs, faults }),
    })),
  )
  const tally: Tally = { uplinks: 0, joins: 0, copies: 0, late: 0, lost: 0 }
  let pending: Delivery[] = []

  function take({ site, unitId }: Resident, frame: Frame): void {
    const { devEui } = frame.device
    const kind = frame.payload === null ? 'join' : 'uplink'
    const names = [devEui, frame.session, frame.fCnt, kind, String(frame.simulated)] as const
    const chance = chanceOf(seed, 'air', ...names)
    const air = { atMs: frame.atMs, devEui, payloadBytes: frame.payload?.bytes.length ?? 20 }
    const radio = radioOf(site, air, { seed, faults, chance })
    const atMs = recordedAtMs(frame, radio)
    if (atMs < fromMs) return
    const heard = radio.receptions.filter(({ isOut }) => !isOut)
    // What only a gateway without its backhaul heard waits in it, if it has room.
    const receptions = heard.length > 0 ? heard : radio.receptions
    const deliveries = deliveryTimes(faults, chanceOf(seed, 'network', ...names), {
      atMs,
      outOf:
        heard.length > 0 || frame.simulated ? [] : radio.receptions.map(({ gateway }) => gateway.gatewayId),
    })
    if (deliveries.length === 0) tally.lost += 1
    else tally[kind === 'join' ? 'joins' : 'uplinks'] += 1
    const body = deliveries.length === 0 ? '' : thingsStackBody({ site, frame, radio, receptions, seed })
    for (const [copy, deliverAtMs] of deliveries.entries()) {
      if (copy > 0) tally.copies += 1
      else if (deliverAtMs - atMs > lateAfterMs) tally.late += 1
      const { session, fCnt, simulated } = frame
      const identity = { recordedAtMs: atMs, devEui, unitId, kind, session, fCnt, simulated } as const
      pending.push({ ...identity, deliverAtMs, isCopy: copy > 0, body })
    }
  }

  return {
    advance(toMs) {
      for (const resident of residents) for (const frame of resident.life.advance(toMs)) take(resident, frame)
      // Cut where the units' steps end, so that the order does not depend on the slices that are asked for.
      const untilMs = Math.floor(toMs / stepMs) * stepMs
      const due = pending.filter(({ deliverAtMs }) => deliverAtMs < untilMs)
      pending = pending.filter(({ deliverAtMs }) => deliverAtMs >= untilMs)
      return due.sort(inOrder)
    },
    tally: () => ({ ...tally }),
    underWay: () => pending.length,
  }
}

const inOrder = (a: Delivery, b: Delivery): number =>
  a.deliverAtMs - b.deliverAtMs || a.recordedAtMs - b.recordedAtMs || (a.devEui < b.devEui ? -1 : 1)

/** When the bridge gets it: none means lost, several are copies. */
function deliveryTimes(
  faults: readonly Fault[],
  chance: ReturnType<typeof chanceOf>,
  { atMs, outOf }: { atMs: number; outOf: readonly string[] },
): number[] {
  const usualMs = atMs + Math.round(chance.between(180, 900))
  const [luck, spread, retry, copies, copyPause] = Array.from({ length: 5 }, () => chance.next()) as Five
  const outage = faultsOf(faults, 'gateway-outage').find(
    (fault) => outOf.includes(fault.gatewayId) && isDuring(fault, atMs),
  )
  if (outage !== undefined && luck < outage.lostShare) return []
  const isRetried = faultsOf(faults, 'late-webhooks').some(
    (fault) => isDuring(fault, atMs) && luck > 1 - fault.share,
  )
  const retryMs = (retryMinutes[Math.floor(retry * retryMinutes.length)] ?? 0) * minuteMs
  const firstMs =
    outage !== undefined
      ? outage.toMs + Math.round(spread * 12 * minuteMs)
      : usualMs + (isRetried ? Math.round(retryMs * (0.9 + 0.1 * spread)) : 0)
  const isCopied = faultsOf(faults, 'duplicates').some(
    (fault) => isDuring(fault, atMs) && copies < fault.share,
  )
  return isCopied ? [firstMs, firstMs + Math.round(200 + copyPause * 3 * minuteMs)] : [firstMs]
}

type Five = [number, number, number, number, number]

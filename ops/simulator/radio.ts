// The way of a frame through the air: which gateways hear it, how well, on which channel, and for how long it sends.
import { type Fault, faultsOf, isDuring } from './faults.ts'
import type { Gateway, Region, SimulatedSite } from './fleet.ts'
import { type Chance, chanceOf } from './random.ts'

export type Reception = { gateway: Gateway; rssi: number; snr: number; channel: number; isOut: boolean }

export type Radio = {
  receptions: Reception[]
  spreadingFactor: number
  bandwidthHz: number
  frequencyHz: number
  airtimeMs: number
}

const secondGatewayShare = 0.35
const overheadBytes = 13

const channels: Record<Region, { firstHz: number; stepHz: number; count: number }> = {
  EU_863_870: { firstHz: 867_100_000, stepHz: 200_000, count: 8 },
  US_902_928: { firstHz: 903_900_000, stepHz: 200_000, count: 8 },
  AU_915_928: { firstHz: 916_800_000, stepHz: 200_000, count: 8 },
}

export function radioOf(
  site: SimulatedSite,
  frame: { atMs: number; devEui: string; payloadBytes: number },
  { seed, faults, chance }: { seed: number; faults: readonly Fault[]; chance: Chance },
): Radio {
  const place = chanceOf(seed, 'place', frame.devEui)
  const [first, ...others] = place.next() < 0.5 ? site.gateways : site.gateways.toReversed()
  const usualRssi = place.between(-112, -58)
  const channel = Math.floor(chance.next() * channels[site.region].count)
  const hears = (gateway: Gateway, loss: number): Reception => {
    const rssi = Math.round(usualRssi - loss + chance.noise(2.5))
    const isOut = faultsOf(faults, 'gateway-outage').some(
      (outage) => outage.gatewayId === gateway.gatewayId && isDuring(outage, frame.atMs),
    )
    const snr = Math.round(4 * Math.min(11, Math.max(-14, (rssi + 108) / 3 + chance.noise(1)))) / 4
    return { gateway, rssi, snr, channel, isOut }
  }
  const also = chance.next() < secondGatewayShare ? others.slice(0, 1) : []
  const spreadingFactor = usualRssi > -90 ? 7 : usualRssi > -102 ? 8 : 9
  const { firstHz, stepHz } = channels[site.region]
  return {
    receptions: [...(first ? [hears(first, 0)] : []), ...also.map((gateway) => hears(gateway, 9))],
    spreadingFactor,
    bandwidthHz: 125_000,
    frequencyHz: firstHz + stepHz * channel,
    airtimeMs: airtimeMs(frame.payloadBytes + overheadBytes, spreadingFactor),
  }
}

/** Semtech's formula: explicit header, CRC, coding rate 4/5, preamble of 8. */
function airtimeMs(bytes: number, spreadingFactor: number): number {
  const symbolMs = 2 ** spreadingFactor / 125
  const symbols =
    8 + Math.max(Math.ceil((8 * bytes - 4 * spreadingFactor + 44) / (4 * spreadingFactor)) * 5, 0)
  return (12.25 + symbols) * symbolMs
}

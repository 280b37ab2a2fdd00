// For tests: the demo fleet, and what its sensors said.
import { readFileSync } from 'node:fs'
import { parseThingsStack } from '../../bridge/things-stack.ts'
import { decoderFor } from '../../processors/decoders/registry.ts'
import type { Uplink } from '../../schemas/generated/types.ts'
import { parseFleet } from '../fleet/fleet-file.ts'
import { type SimulatedDevice, type SimulatedUnit, simulatedFleet } from './fleet.ts'
import type { Delivery } from './world.ts'

const file = new URL('../fleet/demo-fleet.yaml', import.meta.url)
export const demoFleet = simulatedFleet(parseFleet(readFileSync(file, 'utf8'), 'demo-fleet.yaml'))
export const demoUnits: readonly SimulatedUnit[] = demoFleet.sites.flatMap((site) => site.units)

/** Through the bridge's own parser. */
export function uplinkOf({ body, deliverAtMs }: Delivery): Uplink {
  const arrival = { connectionId: 'demo', receivedAtMs: deliverAtMs, bodyText: body }
  const parsed = parseThingsStack(JSON.parse(body), arrival)
  if (parsed.kind !== 'uplink') throw new Error(`${parsed.reason}: ${body}`)
  return parsed.uplink
}

/** Through our own decoders. */
export function valuesOf({ payload, fPort }: Uplink, { model, isCabled }: SimulatedDevice) {
  const decoder = decoderFor(model.brandId, model.modelId)
  const options = { model: model.modelId, ...(isCabled && { probe: 'external' as const }) }
  const decoded = decoder?.decode(payload, fPort ?? 0, options)
  if (decoded?.kind !== 'measurement') throw new Error(`${model.modelId}: ${JSON.stringify(decoded)}`)
  return decoded.measurement
}

export type Sample = { atMs: number; temperatureC: number | null; doorOpen: boolean | null }

/** What the sensors of a unit say, each once, in event time; a contact's own temperature is not the unit's. */
export function samplesOf(deliveries: readonly Delivery[], unit: SimulatedUnit): Sample[] {
  const devices = new Map(unit.devices.map((device) => [device.devEui, device]))
  const thermometers = unit.devices.filter(({ model }) => model.gives.temperature)
  const main = thermometers.find(({ model }) => !model.gives.door) ?? thermometers[0]
  return deliveries
    .filter(
      ({ unitId, kind, isCopy, simulated }) =>
        unitId === unit.unitId && kind === 'uplink' && !isCopy && !simulated,
    )
    .toSorted((a, b) => a.recordedAtMs - b.recordedAtMs)
    .flatMap((delivery) => {
      const device = devices.get(delivery.devEui)
      if (device === undefined) return []
      const { temperature, doorOpen } = valuesOf(uplinkOf(delivery), device)
      const isOwn = device === main && temperature !== null
      const temperatureC = isOwn ? temperature + device.calibrationOffsetC : null
      return [{ atMs: delivery.recordedAtMs, temperatureC, doorOpen }]
    })
}

/** Spans in which every temperature is out of range, by reading. */
export function outOfRange(samples: readonly Sample[], { tempMinC, tempMaxC }: SimulatedUnit) {
  const episodes: { fromMs: number; toMs: number | null }[] = []
  for (const { atMs, temperatureC } of samples) {
    if (temperatureC === null) continue
    const isOut = temperatureC > (tempMaxC ?? Infinity) || temperatureC < (tempMinC ?? -Infinity)
    const last = episodes.at(-1)
    const isInside = last !== undefined && last.toMs === null
    if (isOut && !isInside) episodes.push({ fromMs: atMs, toMs: null })
    if (!isOut && isInside) last.toMs = atMs
  }
  return episodes
}

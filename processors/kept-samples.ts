// The readings since the checkpoint as the changelog keeps them. They are half of a unit's state, so they are kept small: an
// instant after the one before, who sent it by its place in a list, and values in hundredths where those say them exactly.
import type {
  KeptMore,
  KeptRecord,
  KeptSample,
  KeptSender,
  UnitChangelog,
} from '../schemas/generated/types.ts'
import type { Observation } from './fold-state.ts'
import { KeptRows } from './kept-rows.ts'

/** Devices by their places in a state: first those that its configuration names, each once, then the others. */
export class DevicePlaces {
  readonly #configured: readonly string[]
  readonly others: string[]

  constructor(configured: readonly string[], others: readonly string[]) {
    this.#configured = configured
    this.others = [...others]
  }

  /** One that has no place yet is given the next. */
  of(deviceId: string): number {
    const place = this.#configured.indexOf(deviceId)
    return place < 0 ? this.#configured.length + placeIn(this.others, deviceId) : place
  }

  at(place: number): string {
    return this.#configured[place] ?? this.others[place - this.#configured.length] ?? ''
  }
}

/** Hundredths, where a division brings the very same number back; null: they would not be exact. */
export function centiOf(value: number | null): number | null {
  if (value === null) return null
  const centi = Math.round(value * 100)
  const isExact = centi / 100 === value && !Object.is(value, -0)
  return isExact && Math.abs(centi) <= 0x7fffffff ? centi : null
}

export const fromCenti = (centi: number | null): number | null => (centi === null ? null : centi / 100)

type KeptSamples = Pick<UnitChangelog, 'gateways' | 'senders' | 'samples'>

const nothingMore: KeptMore = {
  temperatureC: null,
  humidity: null,
  doorOpenCount: null,
  lastOpenSeconds: null,
  batteryPercent: null,
  batteryVolts: null,
  fault: false,
  history: false,
}

const samples = new KeptRows<KeptSample>(() => ({
  ...{ afterMs: 0, sender: 0, centiC: null, centiHumidity: null, doorOpen: null, more: null },
}))
const mores = new KeptRows<KeptMore>(() => ({ ...nothingMore }))
const senders = new KeptRows<KeptSender>(() => ({ device: 0, gateway: 0, kind: null }))

/** Good until the next call. */
export function keepSamples(observations: readonly Observation[], places: DevicePlaces): KeptSamples {
  const gateways: string[] = []
  for (const rows of [samples, mores, senders]) rows.clear()
  let beforeMs = 0
  for (const observation of observations) {
    const sample = samples.add()
    sample.afterMs = observation.timeMs - beforeMs
    beforeMs = observation.timeMs
    sample.sender = senderOf(observation, places, gateways)
    sample.centiC = centiOf(observation.temperatureC)
    sample.centiHumidity = centiOf(observation.humidity)
    sample.doorOpen = observation.doorOpen
    const more = mores.add()
    sample.more = fillMore(more, sample, observation) ? more : null
  }
  return { gateways, senders: senders.all(), samples: samples.all() }
}

function senderOf(
  { deviceId, gatewayId, kind }: Observation,
  places: DevicePlaces,
  gateways: string[],
): number {
  const device = places.of(deviceId)
  const gateway = gatewayId === null ? -1 : placeIn(gateways, gatewayId)
  let known = senders.count - 1
  while (known >= 0 && !isSender(senders.at(known), device, gateway, kind)) known--
  if (known >= 0) return known
  const sender = senders.add()
  sender.device = device
  sender.gateway = gateway
  sender.kind = kind
  return senders.count - 1
}

const isSender = (sender: KeptSender, device: number, gateway: number, kind: KeptSender['kind']): boolean =>
  sender.device === device && sender.gateway === gateway && sender.kind === kind

function placeIn(list: string[], item: string): number {
  const place = list.indexOf(item)
  return place < 0 ? list.push(item) - 1 : place
}

/** What hundredths do not say, and what most samples have not. Returns whether there is any of it. */
function fillMore(more: KeptMore, { centiC, centiHumidity }: KeptSample, observation: Observation): boolean {
  const { doorOpenCount, lastOpenSeconds, batteryPercent, batteryVolts, fault, history } = observation
  more.temperatureC = centiC === null ? observation.temperatureC : null
  more.humidity = centiHumidity === null ? observation.humidity : null
  more.doorOpenCount = doorOpenCount
  more.lastOpenSeconds = lastOpenSeconds
  more.batteryPercent = batteryPercent
  more.batteryVolts = batteryVolts
  more.fault = fault
  more.history = history
  const isMeasured =
    more.temperatureC !== null || more.humidity !== null || doorOpenCount !== null || lastOpenSeconds !== null
  return isMeasured || batteryPercent !== null || batteryVolts !== null || fault || history
}

export function restoreSamples(kept: UnitChangelog, places: DevicePlaces): Observation[] {
  if (kept.records.length > 0) return kept.records.map((record) => ofOlderState(record, kept))
  let timeMs = 0
  return kept.samples.map(({ afterMs, sender, centiC, centiHumidity, doorOpen, more }) => {
    const { device, gateway, kind } = kept.senders[sender] ?? { device: -1, gateway: -1, kind: null }
    timeMs += afterMs
    const rest = more ?? nothingMore
    // In the order of unit-stage.ts: to V8 they are of one shape then.
    return {
      timeMs,
      deviceId: places.at(device),
      kind,
      temperatureC: fromCenti(centiC) ?? rest.temperatureC,
      humidity: fromCenti(centiHumidity) ?? rest.humidity,
      doorOpen,
      doorOpenCount: rest.doorOpenCount,
      lastOpenSeconds: rest.lastOpenSeconds,
      batteryPercent: rest.batteryPercent,
      batteryVolts: rest.batteryVolts,
      fault: rest.fault,
      gatewayId: kept.gateways[gateway] ?? null,
      history: rest.history,
    }
  })
}

const ofOlderState = (
  { device, gateway, ...record }: KeptRecord,
  { devices, gateways }: UnitChangelog,
): Observation => ({
  ...record,
  deviceId: devices[device] ?? '',
  gatewayId: gateways[gateway] ?? null,
})

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

/** Devices by their places in a state: first those that its configuration names, each once, then the others. */
export class DevicePlaces {
  readonly #ids: string[]
  readonly #configured: number

  constructor(config: UnitChangelog['config'], others: readonly string[]) {
    const configured = new Set(config?.devices.map(({ deviceId }) => deviceId))
    this.#ids = [...configured, ...others]
    this.#configured = configured.size
  }

  /** One that has no place yet is given the next. */
  of(deviceId: string): number {
    const place = this.#ids.indexOf(deviceId)
    return place < 0 ? this.#ids.push(deviceId) - 1 : place
  }

  at = (place: number): string => this.#ids[place] ?? ''

  others = (): string[] => this.#ids.slice(this.#configured)
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

export function keepSamples(observations: readonly Observation[], places: DevicePlaces): KeptSamples {
  const gateways: string[] = []
  const senders: KeptSender[] = []
  let beforeMs = 0
  const samples = observations.map((observation): KeptSample => {
    const { timeMs, temperatureC, humidity } = observation
    const [centiC, centiHumidity] = [centiOf(temperatureC), centiOf(humidity)]
    const afterMs = timeMs - beforeMs
    beforeMs = timeMs
    return {
      afterMs,
      sender: senderOf(observation, places, gateways, senders),
      centiC,
      centiHumidity,
      doorOpen: observation.doorOpen,
      more: moreOf(
        observation,
        centiC === null ? temperatureC : null,
        centiHumidity === null ? humidity : null,
      ),
    }
  })
  return { gateways, senders, samples }
}

function senderOf(
  { deviceId, gatewayId, kind }: Observation,
  places: DevicePlaces,
  gateways: string[],
  senders: KeptSender[],
): number {
  const device = places.of(deviceId)
  const gateway = gatewayId === null ? -1 : placeIn(gateways, gatewayId)
  let known = senders.length - 1
  while (known >= 0 && !isSender(senders[known] as KeptSender, device, gateway, kind)) known--
  return known < 0 ? senders.push({ device, gateway, kind }) - 1 : known
}

const isSender = (sender: KeptSender, device: number, gateway: number, kind: KeptSender['kind']): boolean =>
  sender.device === device && sender.gateway === gateway && sender.kind === kind

function placeIn(list: string[], item: string): number {
  const place = list.indexOf(item)
  return place < 0 ? list.push(item) - 1 : place
}

/** What hundredths do not say, and what most samples have not: for those nothing is made. */
function moreOf(
  { doorOpenCount, lastOpenSeconds, batteryPercent, batteryVolts, fault, history }: Observation,
  temperatureC: number | null,
  humidity: number | null,
): KeptMore | null {
  const isMeasured =
    temperatureC !== null || humidity !== null || doorOpenCount !== null || lastOpenSeconds !== null
  if (!isMeasured && batteryPercent === null && batteryVolts === null && !fault && !history) return null
  return {
    temperatureC,
    humidity,
    doorOpenCount,
    lastOpenSeconds,
    batteryPercent,
    batteryVolts,
    fault,
    history,
  }
}

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

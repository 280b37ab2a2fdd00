// From an uplink's payload to its samples: our decoder of the device, else what the network's own formatter made of it.
// The device's profile says which contact state is open and how its decoded payload is read; the fleet file overrides it.
// The uplink is a check-in of its own, with values or without; replayed samples follow at their own times.
import type { DeviceAssignment } from '../schemas/generated/types.ts'
import {
  type Decoded,
  type DecodeOptions,
  type Decoder,
  failure,
  type Measurement,
  none,
  type Sample as Replayed,
} from './decoders/decoder.ts'
import { modelOf, remembered } from './decoders/names.ts'
import { fromNetwork } from './decoders/network-payload.ts'
import { decoderFor } from './decoders/registry.ts'
import { profileFor } from './profiles/catalog.ts'
import type { Profile } from './profiles/profile.ts'
import type { UplinkRead } from './reads.ts'
import type { TimedSample } from './sequence.ts'

export type Sample = TimedSample & {
  batteryPercent: number | null
  batteryVolts: number | null
  doorOpenCount: number | null
  lastOpenSeconds: number | null
  fault: boolean
}

export type DecodedUplink = {
  /** The first is the uplink's own. */
  samples: Sample[]
  decoder: string
  decoderVersion: number
  /** Why the payload gave nothing; null: it was understood. */
  error: string | null
  /** What was assumed, repaired or left out of what the network decoded. */
  warnings: readonly string[]
}

export function decodeUplink(uplink: UplinkRead, assignment: DeviceAssignment | null): DecodedUplink {
  const vendor = assignment?.vendor ?? uplink.brandId
  const device = assignment?.model ?? uplink.modelId
  if (vendor === null || device === null) return fromPayloads(uplink, undefined)
  const { model, decoder, profile } = wayOf(vendor, device, uplink.firmwareVersion)
  if (decoder === undefined || uplink.fPort === null) return fromPayloads(uplink, profile)
  const options = optionsOf(model, uplink, assignment, profile)
  const decoded = decoder.decode(uplink.payload, uplink.fPort, options)
  return decodedBy(decoder.name, decoder.version, uplink, decoded, noWarnings)
}

const noWarnings: readonly string[] = []

const decodedBy = (
  decoder: string,
  decoderVersion: number,
  uplink: UplinkRead,
  decoded: Decoded,
  warnings: readonly string[],
): DecodedUplink => ({
  samples: samplesOf(uplink.recordedAt, decoded),
  decoder,
  decoderVersion,
  error: decoded.kind === 'error' ? decoded.error : null,
  warnings,
})

type Way = {
  model: string
  decoder: Decoder | undefined
  /** That of the firmware which was asked for last: those of one model mostly have the same. */
  profile: Profile | undefined
  firmware: string | null
}

const wayOfModel = remembered(
  (vendor, device): Way => ({
    model: modelOf(vendor, device),
    decoder: decoderFor(vendor, device),
    profile: profileFor(vendor, device, null),
    firmware: null,
  }),
)

function wayOf(vendor: string, device: string, firmware: string | null): Way {
  const way = wayOfModel(vendor, device)
  if (way.firmware === firmware) return way
  way.profile = profileFor(vendor, device, firmware)
  way.firmware = firmware
  return way
}

function optionsOf(
  model: string,
  uplink: UplinkRead,
  assignment: DeviceAssignment | null,
  profile: Profile | undefined,
): DecodeOptions {
  const options: DecodeOptions = { model, receivedAtMs: uplink.recordedAt }
  if (assignment?.probe) options.probe = assignment.probe
  const openIs = assignment?.openIs ?? profile?.door
  if (openIs === 0 || openIs === 1) options.openIs = openIs
  return options
}

const networkVersion = 2

function fromPayloads(uplink: UplinkRead, profile: Profile | undefined): DecodedUplink {
  const { normalizedPayload, decodedPayload, payload } = uplink
  if (normalizedPayload === null && decodedPayload === null)
    return decodedBy('none', 1, uplink, undecoded(payload), noWarnings)
  try {
    const read = fromNetwork({
      normalized: jsonOf(normalizedPayload),
      decoded: jsonOf(decodedPayload),
      mapping: profile?.mapping,
    })
    return decodedBy(read.source, networkVersion, uplink, read.decoded, read.warnings)
  } catch {
    const name = normalizedPayload === null ? 'decoded_payload' : 'normalized_payload'
    const decoded = failure(`The ${name} is not JSON.`)
    return decodedBy(name, networkVersion, uplink, decoded, noWarnings)
  }
}

const jsonOf = (text: string | null): unknown => (text === null ? undefined : JSON.parse(text))

const undecoded = (payload: Uint8Array): Decoded =>
  payload.length === 0
    ? none('The uplink carries no payload')
    : failure('No decoder knows this device, and the network decoded nothing: set its vendor and model.')

function samplesOf(recordedAtMs: number, decoded: Decoded): Sample[] {
  const samples = [sampleOf(recordedAtMs, false, ownOf(decoded))]
  for (const sample of replayedIn(decoded))
    if (sample.recordedAtMs !== recordedAtMs) samples.push(sampleOf(sample.recordedAtMs, true, sample))
    // A value of this very instant has the identity of the uplink's own, and is it where there is no other.
    else if (decoded.kind === 'history')
      samples[0] = sampleOf(recordedAtMs, false, { ...ownOf(decoded), ...sample })
  return samples
}

const nothing: Partial<Measurement> = {}
const noSamples: readonly Replayed[] = []

function ownOf(decoded: Decoded): Partial<Measurement> {
  if (decoded.kind === 'measurement') return decoded.measurement
  return decoded.kind === 'error' ? nothing : decoded
}

const replayedIn = (decoded: Decoded): readonly Replayed[] =>
  ('samples' in decoded ? decoded.samples : undefined) ?? noSamples

const sampleOf = (recordedAtMs: number, history: boolean, values: Partial<Measurement>): Sample => ({
  recordedAtMs,
  history,
  temperature: values.temperature ?? null,
  humidity: values.humidity ?? null,
  doorOpen: values.doorOpen ?? null,
  batteryPercent: values.batteryPercent ?? null,
  batteryVolts: values.batteryVolts ?? null,
  doorOpenCount: values.doorOpenCount ?? null,
  lastOpenSeconds: values.lastOpenMinutes === undefined ? null : values.lastOpenMinutes * 60,
  fault: values.probeFault === true,
})

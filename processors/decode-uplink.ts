// From an uplink's payload to its samples: our decoder of the device, else what the network's own formatter made of it.
// The device's profile says which contact state is open and how its decoded payload is read; the fleet file overrides it.
// The uplink is a check-in of its own, with values or without; replayed samples follow at their own times.
import type { DeviceAssignment } from '../schemas/generated/types.ts'
import type { Decoded, DecodeOptions, Decoder, Measurement } from './decoders/decoder.ts'
import { modelOf } from './decoders/names.ts'
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

type Source = { decoder: string; decoderVersion: number; decoded: Decoded; warnings: readonly string[] }

export function decodeUplink(uplink: UplinkRead, assignment: DeviceAssignment | null): DecodedUplink {
  const { decoder, decoderVersion, decoded, warnings } = sourceOf(uplink, assignment)
  const { own, replayed } = partsOf(decoded)
  const samples = [sampleOf(uplink.recordedAt, false, own)]
  for (const sample of replayed) {
    // A replayed value of this very instant is the uplink's own.
    if (sample.recordedAtMs === uplink.recordedAt && Object.keys(own).length === 0)
      samples[0] = sampleOf(uplink.recordedAt, false, sample)
    else if (sample.recordedAtMs !== uplink.recordedAt)
      samples.push(sampleOf(sample.recordedAtMs, true, sample))
  }
  const error = decoded.kind === 'error' ? decoded.error : null
  return { samples, decoder, decoderVersion, error, warnings }
}

function sourceOf(uplink: UplinkRead, assignment: DeviceAssignment | null): Source {
  const vendor = assignment?.vendor ?? uplink.brandId
  const model = assignment?.model ?? uplink.modelId
  if (vendor === null || model === null) return fromPayloads(uplink, undefined)
  const { profile, decoder } = wayOf(vendor, model, uplink.firmwareVersion)
  if (decoder === undefined || uplink.fPort === null) return fromPayloads(uplink, profile)
  const options = optionsOf(modelOf(vendor, model), uplink, assignment, profile)
  const decoded = decoder.decode(uplink.payload, uplink.fPort, options)
  return { decoder: decoder.name, decoderVersion: decoder.version, decoded, warnings: [] }
}

type Way = { profile: Profile | undefined; decoder: Decoder | undefined }

// Every uplink asks for the same few devices; what strangers make up must not fill the memory.
const REMEMBERED_MAX = 2_000
const ways = new Map<string, Way>()

function wayOf(vendor: string, model: string, firmware: string | null): Way {
  const name = `${vendor}\n${model}\n${firmware}`
  const known = ways.get(name)
  if (known !== undefined) return known
  const way = { profile: profileFor(vendor, model, firmware), decoder: decoderFor(vendor, model) }
  if (ways.size < REMEMBERED_MAX) ways.set(name, way)
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

function fromPayloads(uplink: UplinkRead, profile: Profile | undefined): Source {
  const { normalizedPayload, decodedPayload, payload } = uplink
  if (normalizedPayload === null && decodedPayload === null) return undecoded(payload)
  try {
    const read = fromNetwork({
      normalized: jsonOf(normalizedPayload),
      decoded: jsonOf(decodedPayload),
      mapping: profile?.mapping,
    })
    return { ...read, decoder: read.source, decoderVersion: networkVersion }
  } catch {
    const name = normalizedPayload === null ? 'decoded_payload' : 'normalized_payload'
    const decoded: Decoded = { kind: 'error', error: `The ${name} is not JSON.` }
    return { decoder: name, decoderVersion: networkVersion, decoded, warnings: [] }
  }
}

const jsonOf = (text: string | null): unknown => (text === null ? undefined : JSON.parse(text))

function undecoded(payload: Uint8Array): Source {
  const decoded: Decoded =
    payload.length === 0
      ? { kind: 'none', reason: 'The uplink carries no payload' }
      : {
          kind: 'error',
          error: 'No decoder knows this device, and the network decoded nothing: set its vendor and model.',
        }
  return { decoder: 'none', decoderVersion: 1, decoded, warnings: [] }
}

type Parts = { own: Partial<Measurement>; replayed: readonly (Measurement & { recordedAtMs: number })[] }

function partsOf(decoded: Decoded): Parts {
  switch (decoded.kind) {
    case 'measurement':
      return { own: decoded.measurement, replayed: decoded.samples ?? [] }
    case 'history':
      return { own: decoded, replayed: decoded.samples }
    case 'none':
      return { own: decoded, replayed: [] }
    case 'error':
      return { own: {}, replayed: [] }
  }
}

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

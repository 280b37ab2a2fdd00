// From an uplink's payload to its samples: our decoder of the device, else what the network's own formatter made of it.
// The uplink is a check-in of its own, with values or without; replayed samples follow at their own times.
import type { DeviceAssignment, Uplink } from '../schemas/generated/types.ts'
import type { Decoded, DecodeOptions, Measurement } from './decoders/decoder.ts'
import { fromDecodedPayload, fromNormalizedPayload } from './decoders/fallback.ts'
import { decoderFor } from './decoders/registry.ts'
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
}

type Source = { decoder: string; decoderVersion: number; decoded: Decoded }

export function decodeUplink(uplink: Uplink, assignment: DeviceAssignment | null): DecodedUplink {
  const { decoder, decoderVersion, decoded } = sourceOf(uplink, assignment)
  const { own, replayed } = partsOf(decoded)
  const samples = [sampleOf(uplink.recordedAt, false, own)]
  for (const sample of replayed) {
    // A replayed value of this very instant is the uplink's own.
    if (sample.recordedAtMs === uplink.recordedAt && Object.keys(own).length === 0)
      samples[0] = sampleOf(uplink.recordedAt, false, sample)
    else if (sample.recordedAtMs !== uplink.recordedAt)
      samples.push(sampleOf(sample.recordedAtMs, true, sample))
  }
  return { samples, decoder, decoderVersion, error: decoded.kind === 'error' ? decoded.error : null }
}

function sourceOf(uplink: Uplink, assignment: DeviceAssignment | null): Source {
  const vendor = assignment?.vendor ?? uplink.brandId
  const model = assignment?.model ?? uplink.modelId
  const decoder = vendor !== null && model !== null ? decoderFor(vendor, model) : undefined
  if (decoder !== undefined && uplink.fPort !== null && model !== null) {
    const options: DecodeOptions = { model: model.toLowerCase(), receivedAtMs: uplink.recordedAt }
    if (assignment?.probe) options.probe = assignment.probe
    const decoded = decoder.decode(uplink.payload, uplink.fPort, options)
    return { decoder: decoder.name, decoderVersion: decoder.version, decoded }
  }
  return fallback(uplink)
}

function fallback({ normalizedPayload, decodedPayload, payload }: Uplink): Source {
  if (normalizedPayload !== null)
    return fromJson('normalized_payload', normalizedPayload, fromNormalizedPayload)
  if (decodedPayload !== null) return fromJson('decoded_payload', decodedPayload, fromDecodedPayload)
  const decoded: Decoded =
    payload.length === 0
      ? { kind: 'none', reason: 'The uplink carries no payload' }
      : {
          kind: 'error',
          error: 'No decoder knows this device, and the network decoded nothing: set its vendor and model.',
        }
  return { decoder: 'none', decoderVersion: 1, decoded }
}

function fromJson(decoder: string, text: string, read: (json: unknown) => { decoded: Decoded }): Source {
  try {
    return { decoder, decoderVersion: 1, decoded: read(JSON.parse(text)).decoded }
  } catch {
    return { decoder, decoderVersion: 1, decoded: { kind: 'error', error: `The ${decoder} is not JSON.` } }
  }
}

type Parts = { own: Partial<Measurement>; replayed: readonly (Measurement & { recordedAtMs: number })[] }

function partsOf(decoded: Decoded): Parts {
  switch (decoded.kind) {
    case 'measurement':
      return { own: decoded.measurement, replayed: decoded.samples ?? [] }
    case 'history':
      return { own: decoded.measurement ?? {}, replayed: decoded.samples }
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

// What a device profile is: what we know of a model before its first uplink, as data. A profile is picked by the
// version_ids that the network sends (or by `vendor` and `model` of the fleet file, which win), firmware included.
import type { PayloadMapping } from '../decoders/mapping.ts'

export type Capability =
  | 'temperature'
  | 'humidity'
  | 'door'
  | 'battery V'
  | 'battery %'
  /** Earlier values at their own times. */
  | 'history'
  /** A second thermometer on a cable, the unit's where the fleet file says `probe: external`. */
  | 'cable probe'
  /** A counter of openings, by which lost ones are found. */
  | 'openings'

/** For the door: `payload` says open or closed itself; else the contact state that means open; `null`: the fleet file must say. */
export type DoorPolarity = 'payload' | 0 | 1 | null

export type Profile = {
  /** As in The Things Stack's device repository: version_ids.brand_id and model_id. */
  brand: string
  models: readonly string[]
  name: string
  /** Beginnings of the firmware versions that this is true for; not set: all that no other profile names. */
  firmware?: readonly string[]
  /** Name of the decoder; `null`: what the network decoded, read by `mapping`. */
  decoder: string | null
  mapping?: PayloadMapping
  /** As shipped, s; `null`: set at installation. */
  expectedIntervalSeconds: number | null
  gives: readonly Capability[]
  door?: DoorPolarity
  note?: string
}

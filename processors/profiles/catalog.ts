// All profiles, and which one a device has.
import { brandOf, modelOf, remembered } from '../decoders/names.ts'
import { climateProfiles } from './climates.ts'
import { draginoProfiles } from './dragino.ts'
import { industrialProfiles } from './industrial.ts'
import { milesightProfiles } from './milesight.ts'
import type { Profile } from './profile.ts'

export const profiles: readonly Profile[] = [
  ...draginoProfiles,
  ...milesightProfiles,
  ...climateProfiles,
  ...industrialProfiles,
].sort((a, b) => (a.brand < b.brand ? -1 : a.brand > b.brand ? 1 : 0))

const keyOf = (brand: string, model: string) => `${brandOf(brand)}/${modelOf(brand, model)}`

const byModel = new Map<string, Profile[]>()
for (const profile of profiles) {
  for (const model of profile.models) {
    const key = keyOf(profile.brand, model)
    byModel.set(key, [...(byModel.get(key) ?? []), profile])
  }
}

const lastSeparator = (key: string) => Math.max(key.lastIndexOf('-'), key.lastIndexOf('/'))

/** Of several for one model, the one that names the firmware; else the one that names none. */
export function byFirmware(candidates: readonly Profile[], firmware: string | null): Profile | undefined {
  const named = candidates.find((profile) =>
    profile.firmware?.some((beginning) => firmware?.startsWith(beginning)),
  )
  return named ?? candidates.find((profile) => profile.firmware === undefined)
}

/** A variant of a model (dl-dlr2-008-2000) has the model's profiles, unless it has its own. */
const candidatesFor = remembered((brand, model): readonly Profile[] => {
  for (let key = keyOf(brand, model); key.includes('/'); key = key.slice(0, lastSeparator(key))) {
    const candidates = byModel.get(key)
    if (candidates !== undefined) return candidates
  }
  return []
})

export function profileFor(
  brand: string,
  model: string,
  firmware: string | null = null,
): Profile | undefined {
  return byFirmware(candidatesFor(brand, model), firmware)
}

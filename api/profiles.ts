// What is known of device models, as the process hands it in: the catalogue is the pipeline's.

export type DeviceProfile = {
  brand: string
  models: readonly string[]
  name: string
  firmware?: readonly string[]
  decoder: string | null
  expectedIntervalSeconds: number | null
  gives: readonly string[]
  note?: string
}

export type DeviceProfiles = {
  all: readonly DeviceProfile[]
  /** Of a device as the registry names it; undefined: nothing is known. */
  of: (brand: string, model: string) => DeviceProfile | undefined
}

export const noProfiles: DeviceProfiles = { all: [], of: () => undefined }

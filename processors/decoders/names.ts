// What people call a vendor and a device, and what The Things Stack's device repository calls them (brand_id,
// model_id). Case, spaces, underscores, the vendor's name in front and the band behind make no difference.

const vendorNames = new Map([
  ['cayenne', 'the-things-stack'],
  ['cayenne-lpp', 'the-things-stack'],
  ['cayennelpp', 'the-things-stack'],
  ['enless', 'enless-wireless'],
  ['ezurio', 'laird'],
  ['laird-connectivity', 'laird'],
  ['lairdconnect', 'laird'],
  ['merryiot', 'browan'],
  ['milesight', 'milesight-iot'],
  ['multitech', 'radio-bridge'],
  ['multitech-radio-bridge', 'radio-bridge'],
  ['mydevices', 'the-things-stack'],
  ['nke', 'nke-watteco'],
  ['radiobridge', 'radio-bridge'],
  ['seeed', 'sensecap'],
  ['seeed-studio', 'sensecap'],
  ['seeedstudio', 'sensecap'],
  ['ursalink', 'milesight-iot'],
])

const modelNames = new Map([
  ['adeunis/dc', 'drycontacts'],
  ['browan/doorwindowsensor', 'tbdw100'],
  ['browan/motionsensor', 'tbms100'],
  ['browan/temperaturehumiditysensor', 'tbhh100'],
  ['browan/waterleaksensor', 'tbwl100'],
  ['dragino/lsn50v2', 'lsn50-v2'],
  ['elsys/elt2', 'elt-2'],
  ['laird/rs191', 'rs1xx-temp-rh-sensor'],
  ['laird/rs1xx', 'rs1xx-temp-rh-sensor'],
  ['laird/sentrius-rs191', 'rs1xx-temp-rh-sensor'],
  ['laird/sentrius-rs1xx', 'rs1xx-temp-rh-sensor'],
  ['mclimate/ht', 'ht-sensor'],
  ['mclimate/htsensor', 'ht-sensor'],
  ['mclimate/open-close-sensor', 'open-close'],
  ['mclimate/openclose', 'open-close'],
  ['mclimate/openclosesensor', 'open-close'],
  ['the-things-stack/cayenne', 'cayennelpp'],
  ['the-things-stack/cayenne-lpp', 'cayennelpp'],
  ['the-things-stack/lpp', 'cayennelpp'],
])

/** Vendors whose models have no separator inside. */
const unseparated = new Set(['browan', 'talkpool'])

const band = /-(?:eu|us|as|au|in|kr|cn|ru)?-?(?:433|470|86[3578]|870|902|915|92[038])-?(?:m|mhz)?$/

const plain = (name: string) =>
  name
    .trim()
    .toLowerCase()
    .replace(/['’]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')

// Every uplink asks for the same few devices; what strangers make up must not fill the memory.
const rememberedMax = 2000

/** The same function of a vendor and a device, that looks up what it has found before. */
export function remembered<T>(
  resolve: (vendor: string, device: string) => T,
): (vendor: string, device: string) => T {
  const byVendor = new Map<string, Map<string, { found: T }>>()
  let count = 0
  return (vendor, device) => {
    const known = byVendor.get(vendor)?.get(device)
    if (known !== undefined) return known.found
    const found = resolve(vendor, device)
    if (count < rememberedMax) {
      count += 1
      const devices = byVendor.get(vendor) ?? new Map<string, { found: T }>()
      byVendor.set(vendor, devices.set(device, { found }))
    }
    return found
  }
}

/** The name that the device repository uses for a vendor. */
export function brandOf(vendor: string): string {
  const name = plain(vendor)
  return vendorNames.get(name) ?? name
}

function separated(brand: string, name: string): string {
  if (unseparated.has(brand)) return name.replaceAll('-', '')
  if (brand === 'decentlab') return name.replace(/^(?:dl-?)?(?=[a-z0-9])/, 'dl-')
  // EM300TH is EM300-TH.
  return brand === 'milesight-iot' ? name.replace(/^(em\d{3})(?=[a-z])/, '$1-') : name
}

/** The name that the device repository uses for a device of this vendor. */
export const modelOf = remembered((vendor, device) => {
  const brand = brandOf(vendor)
  const name = plain(device).replace(band, '')
  const fronts = [plain(vendor), brand, brand.replace(/-.*/, '')].map((front) => `${front}-`)
  const front = fronts.find((candidate) => name.startsWith(candidate)) ?? ''
  const bare = separated(brand, name.slice(front.length))
  return modelNames.get(`${brand}/${bare}`) ?? bare
})

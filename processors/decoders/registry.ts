// Which decoder reads which device: by vendor (brand_id) and device (model_id) of The Things Stack's device
// repository, or by whatever else they are called (names.ts).
import { adeunisDecoder } from './adeunis.ts'
import { browanDecoder } from './browan.ts'
import { cayenneDecoder } from './cayenne.ts'
import { decentlabDecoder, isDecentlabModel } from './decentlab.ts'
import type { Decoder } from './decoder.ts'
import { draginoLht52, draginoLht65, draginoLht65Vib } from './dragino.ts'
import { draginoLds02, draginoLds03a } from './dragino-door.ts'
import { draginoD2x, draginoLsn50, draginoLtc2 } from './dragino-probes.ts'
import { elsysDecoder } from './elsys.ts'
import { enlessDecoder } from './enless.ts'
import { genericNodeDecoder } from './generic-node.ts'
import { lairdDecoder } from './laird.ts'
import { mclimateDecoder } from './mclimate.ts'
import { milesightDecoder } from './milesight.ts'
import { brandOf, modelOf, remembered } from './names.ts'
import { netvoxDecoder } from './netvox.ts'
import { radioBridgeDecoder } from './radio-bridge.ts'
import { sensativeDecoder } from './sensative.ts'
import { sensecapDecoder } from './sensecap.ts'
import { talkpoolDecoder } from './talkpool.ts'
import { tektelicDecoder } from './tektelic.ts'
import { wattecoDecoder } from './watteco.ts'

type Devices = [pattern: RegExp, decoder: Decoder][]

const all = (decoder: Decoder): Devices => [[/./, decoder]]

const vendors = new Map<string, Devices>([
  ['adeunis', [[/^(temp|comfort|dry)/, adeunisDecoder]]],
  ['browan', [[/^(tbhh100|tbhv110|tbdw100|tbwl100|tbms100|cd10)$/, browanDecoder]]],
  ['decentlab', []],
  [
    'dragino',
    [
      [/^lht65n-vib/, draginoLht65Vib],
      [/^lht65/, draginoLht65],
      [/^lht52/, draginoLht52],
      [/^(lds0[12]|lwl0[12])$/, draginoLds02],
      [/^(lds03a|lwl03a|ds03a-lb|wl03a-lb)$/, draginoLds03a],
      [/^(lsn50v2-)?d2[023x]/, draginoD2x],
      [/^(lsn50|sn50v3|s31)/, draginoLsn50],
      [/^ltc2/, draginoLtc2],
    ],
  ],
  ['elsys', all(elsysDecoder)],
  ['enless-wireless', all(enlessDecoder)],
  ['laird', [[/^rs1xx/, lairdDecoder]]],
  [
    'mclimate',
    [[/^(ht-sensor|open-close|co2-sensor|ht-pir-lite|wireless-thermostat|aqi-sensor)$/, mclimateDecoder]],
  ],
  ['milesight-iot', [[/^(am|em3|em5|ts|ws301|wts)/, milesightDecoder]]],
  ['netvox', all(netvoxDecoder)],
  ['nke-watteco', all(wattecoDecoder)],
  ['radio-bridge', all(radioBridgeDecoder)],
  ['sensative', all(sensativeDecoder)],
  ['sensecap', all(sensecapDecoder)],
  ['talkpool', [[/^oy1(100|110|200|210|700)$/, talkpoolDecoder]]],
  ['tektelic', [[/^(t000|comfort|vivid|breeze|home|tundra|smart-room)/, tektelicDecoder]]],
  ['the-things-industries', [[/^generic-node/, genericNodeDecoder]]],
  ['the-things-stack', [[/^cayenne|lpp$/, cayenneDecoder]]],
  ['watteco', all(wattecoDecoder)],
])

/** Every decoder once, for tests and for listings. */
export function allDecoders(): Decoder[] {
  const listed = [...vendors.values()].flatMap((devices) => devices.map(([, decoder]) => decoder))
  return [...new Set([...listed, decentlabDecoder])]
}

export const decoderFor = remembered((vendor, device): Decoder | undefined => {
  const brand = brandOf(vendor)
  const model = modelOf(vendor, device)
  if (brand === 'decentlab') return isDecentlabModel(model) ? decentlabDecoder : undefined
  return vendors.get(brand)?.find(([pattern]) => pattern.test(model))?.[1]
})

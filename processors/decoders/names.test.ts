// Devices are found under every name that people, networks and vendors use for them.
import { expect, test } from 'vitest'
import { profileFor } from '../profiles/catalog.ts'
import { brandOf, modelOf } from './names.ts'
import { decoderFor } from './registry.ts'

test.each([
  ['Milesight IoT', 'EM300-TH-868M', 'milesight-iot', 'em300-th'],
  ['milesight', 'EM300TH', 'milesight-iot', 'em300-th'],
  ['milesight-iot', 'milesight-ws301', 'milesight-iot', 'ws301'],
  ['Dragino', 'LHT65N_E31F', 'dragino', 'lht65n-e31f'],
  ['browan', 'TBHH100-868', 'browan', 'tbhh100'],
  ['browan', 'doorwindowsensor', 'browan', 'tbdw100'],
  ['ezurio', 'RS191', 'laird', 'rs1xx-temp-rh-sensor'],
  ['Radio Bridge', 'RBS301 DWS', 'radio-bridge', 'rbs301-dws'],
  ['enless', 'TX TEMP CONT2 600-232', 'enless-wireless', 'tx-temp-cont2-600-232'],
  ['seeedstudio', 'sensecaps2101-temp-humid', 'sensecap', 'sensecaps2101-temp-humid'],
  ['decentlab', 'SHT35', 'decentlab', 'dl-sht35'],
  ['Watteco', 'Clos’O', 'watteco', 'closo'],
  ['watteco', "Vaqa'O Lite", 'watteco', 'vaqao-lite'],
  ['talkpool', 'OY-1110', 'talkpool', 'oy1110'],
  ['elsys', 'ELT2', 'elsys', 'elt-2'],
  ['cayenne', 'Cayenne LPP', 'the-things-stack', 'cayennelpp'],
])('%s %s is %s %s', (vendor, device, brand, model) => {
  expect([brandOf(vendor), modelOf(vendor, device)]).toEqual([brand, model])
  expect(decoderFor(vendor, device)).toBeDefined()
  expect(decoderFor(vendor, device)).toBe(decoderFor(brand, model))
  expect(profileFor(vendor, device)).toBeDefined()
})

/** The ids of the device repository for every family that we promise, and others that stand for them. */
const promised: Record<string, string> = {
  dragino:
    'lht65 lht65n lht65n-e31f lht65s lht52 lds01 lds02 lds03a ds03a-lb lsn50 lsn50-v2 lsn50v2-d20 ' +
    'lsn50v2-d20-d22-d23 lsn50v2-s31 s31-lb d2x-lb sn50v3-lb ltc2 ltc2-lb',
  'milesight-iot':
    'em300-th em300-mcs em300-di em300-sld em320-th em500-pt100 ts101 ts201 ts201v2 ts301 ts302 ts30x ws301 ' +
    'am102 am102l am103 am103l am104 am107',
  elsys: 'ers ers-co2 ers-lite ers-eye ers-sound ers-voc elt-2 elt-lite elt-ultrasonic ems ems-desk ems-door',
  decentlab: 'dl-sht35 dl-dlr2-008-2000 dl-dlr2-009-2000 dl-pr36ctd-8192-1024 dl-ds18 dl-rhc dl-trs11',
  sensative: 'strips',
  browan: 'tbhv110 tbhh100 tbdw100',
  laird: 'rs1xx-temp-rh-sensor rs1xx-ext-temp-1w-sensor rs1xx-ext-multi-sensor rs1xx-ext-temp-rtd-sensor',
  mclimate: 'ht-sensor open-close',
  netvox:
    'r718a r718ab r718ad r718b r718b2 r718ck r718ck2 r718cn r718cn2 r718ct r718ct2 r718f r718f2 r311a ' +
    'r711 r720a r720b r720c r720e rb11e',
  adeunis: 'temp temp-4 comfort comfort-co2 comfort-serenity dry-contact dry-contacts-2 drycontacts',
  tektelic:
    't00061xx-comfort t00061xx-vivid t00061xx-smart-room-base-gen3 t00061xx-smart-room-pir-gen3 ' +
    't000489x-home-base t00048xx-smart-room-pir t00067xx-tundra-sensor',
  talkpool: 'oy1100 oy1110 oy1200 oy1210 oy1700',
  sensecap:
    'sensecap-air-th sensecap-soil-th sensecaps2101-temp-humid sensecaps2103-co2-temp-humid ' +
    'sensecaps2104-soil-moisture-temp sensecaps2105-soll-moisture-temp-ec sensecaps2120-8-in-1',
  'nke-watteco': 'th-sensor t-indoor-sensor humido-sensor remote-t-sensor t-2-ctn-sensor closo-sensor',
  watteco: 'climo hygrotempo th-sensor tempo closo vaqao-lite ventilo atmo',
  'radio-bridge': 'rbs301-dws rbs301-temp-ext rbs301-temp-int rbs305-ath rbs306-ath-ext rbs306-temp-tc',
  'enless-wireless':
    'tx-trh-amb-600-021 tx-amb-600-022 tx-amb-600-023 tx-temp-600-031 tx-temp-cont1-600-032 ' +
    'tx-temp-cont1-600-033 tx-temp-cont2-600-034 tx-temp-cont2-600-232 tx-temp-cont2-600-233',
  'the-things-stack': 'cayennelpp',
}

test('every promised device has a decoder and a profile that names it', () => {
  for (const [vendor, models] of Object.entries(promised)) {
    for (const model of models.split(' ')) {
      const decoder = decoderFor(vendor, model)
      expect(decoder?.name, `${vendor}/${model}`).toBeDefined()
      expect(profileFor(vendor, model)?.decoder, `${vendor}/${model}`).toBe(decoder?.name)
    }
  }
})

test('what strangers make up is resolved and not kept', () => {
  for (let index = 0; index < 5000; index++)
    expect(modelOf('dragino', `Oven A${index}`)).toBe(`oven-a${index}`)
  expect(brandOf('')).toBe('')
  expect(decoderFor('dragino', '')).toBeUndefined()
})

// What the vendors' own decoders get wrong: values below zero and at zero, missing probes, firmware
// variations, replays.
import { expect, test } from 'vitest'
import type { DecodeOptions } from './decoder.ts'
import { decoderFor } from './registry.ts'

function decode(
  vendor: string,
  model: string,
  fPort: number,
  hex: string,
  options: Partial<DecodeOptions> = {},
) {
  const decoder = decoderFor(vendor, model)
  if (!decoder) throw new Error(`no decoder for ${vendor} ${model}`)
  return decoder.decode(Uint8Array.from(Buffer.from(hex, 'hex')), fPort, { model, ...options })
}

const receivedAtMs = Date.UTC(2023, 6, 19, 7, 51, 25, 508)
const secondsAgo = (seconds: number) => receivedAtMs - seconds * 1000

test.each([
  ['dragino', 'lht65', 2, 'cbf6ffff03760100007fff', -0.01],
  ['dragino', 'lht65', 2, 'cbf6f06003760100007fff', -40],
  ['dragino', 'lht65n', 2, 'cbf6ff9c037602ff9c7fff', -1],
  ['dragino', 'lht52', 2, 'fff602207fff0161cd4edd', -0.1],
  ['dragino', 'lsn50-v2', 2, '0b54ffff000080ffffffff', -0.1],
  ['dragino', 'lsn50v2-d20-d22-d23', 2, '0b547fff00000c7fffffce', -5],
  ['dragino', 'ltc2', 2, '0e5501f8307fff60e43cc6', -20],
  ['dragino', 'lht65n-vib', 2, '0bf6080000000aff380220', -2],
  ['milesight-iot', 'em300-th', 85, '0175640367ffff046800', -0.1],
  ['milesight-iot', 'em500-pt100', 85, '036730f8', -200],
  ['milesight-iot', 'ts302', 85, '0367f6ff0467ce00', -1],
  ['milesight-iot', 'ts201', 85, '8367e2ff01', -3],
  ['elsys', 'ers', 1, '01ffff', -0.1],
  ['elsys', 'elt-2', 1, '0cff38', -20],
  ['browan', 'tbhh100', 103, '000b0022ffffffff', -32],
  ['browan', 'tbwl100', 106, '000b35221f', -1],
  ['enless-wireless', 'tx-temp-cont2-600-232', 1, '0000bd0c0a01ff38ff380001000f', -20],
  ['laird', 'rs1xx-temp-rh-sensor', 1, '01002134a9f1050000' + '0000', -15.87],
  ['laird', 'rs1xx-temp-rh-sensor', 1, '0167ff380268500302012c', -20],
  ['laird', 'rs1xx-ext-temp-rtd-sensor', 1, '0167ff380202012c', -20],
  ['mclimate', 'ht-sensor', 2, '0100c873f10400', -20],
  ['netvox', 'r718a', 6, '010b0124ffff0f1e000000', -0.01],
  ['netvox', 'r718b2', 6, '01140124ff38ff38000000', -20],
  ['netvox', 'r718ce4', 6, '013c0124ff38ff38000000', -20],
  ['netvox', 'r718cj4', 6, '013801240000ff38000000', 0],
  ['netvox', 'ra0715', 6, '01050c24ff381a9effff00', -2],
  ['radio-bridge', 'rbs305-ath', 2, '100d0097703d80', -23.7],
  ['radio-bridge', 'rbs305-ath', 2, '100d0080503d80', -0.5],
  ['sensative', 'strips', 1, 'ffff02ffff', -0.1],
  ['talkpool', 'oy1100', 1, 'e919ce', -35.6],
  ['talkpool', 'oy1110', 2, '254400', -20.8],
  ['tektelic', 't0004896', 10, '0367fff6', -1],
  ['the-things-industries', 'generic-node-sensor-edition', 1, '23012c00fa01', -20],
  ['the-things-stack', 'cayennelpp', 8, '0367fff6', -1],
  ['watteco', 'climo', 125, '110a040200002900ff', 2.55],
  ['watteco', 'climo', 125, '110a0402000029ff01', -2.55],
  ['decentlab', 'dl-ds18', 1, '02023d00037ff00c15', -1],
  ['adeunis', 'temp', 1, '5780ff38', -20],
] as const)('%s %s on port %i reads %s as %f °C', (vendor, model, fPort, hex, temperature) => {
  expect(decode(vendor, model, fPort, hex)).toMatchObject({
    kind: 'measurement',
    measurement: { temperature },
  })
})

test.each([
  ['dragino', 'lht65', 2, 'cbf67fffffff0100007fff'],
  ['dragino', 'lsn50-v2', 2, '0b547fff0000807fffffff'],
  ['dragino', 'ltc2', 2, '0e55017fff7fff60e43cc6'],
  ['milesight-iot', 'ts201', 85, 'b36700'],
  ['milesight-iot', 'em500-pt100', 85, '0367ffff'],
  ['milesight-iot', 'em500-pt100', 85, '0367fdff'],
  ['milesight-iot', 'em300-th', 85, '0367ff7f0468ff'],
  ['elsys', 'elt-2', 1, '0c7fff'],
  ['browan', 'tbhv110', 103, '610b357f' + 'bf0301005100' + '7f'],
  ['netvox', 'r718ct', 6, '019201247fff0000000000'],
  ['radio-bridge', 'rbs301-temp-ext', 2, '1409007f00'],
  ['radio-bridge', 'rbs306-temp-tc', 2, `${'14130001400100'.slice(0, 10)}01`],
  ['sensative', 'strips', 1, 'ffff028000'],
  ['the-things-stack', 'cayennelpp', 8, '03677fff'],
  ['adeunis', 'temp', 1, '57808000'],
  ['watteco', 'climo', 125, '110a04020000298000'],
  ['laird', 'rs1xx-ext-temp-rtd-sensor', 1, '0b00ff9ffefe0500011000'],
] as const)('%s %s says by %s %s that it has no probe', (vendor, model, fPort, hex) => {
  expect(decode(vendor, model, fPort, hex)).toMatchObject({
    kind: 'measurement',
    measurement: { temperature: null, probeFault: true, humidity: null },
  })
})

test('a Netvox station without a sensor tells none of it, and third and fourth probes are no reading', () => {
  expect(decode('netvox', 'r718pa', 6, '01570c24ffff1a9effff00')).toMatchObject({
    kind: 'measurement',
    measurement: { temperature: null, humidity: 68.14, batteryVolts: 3.6 },
  })
  expect(decode('netvox', 'r718pa', 6, '01570c24ffffffff001000')).toMatchObject({ kind: 'none' })
  expect(decode('netvox', 'r718ce4', 6, '013c0224ff38ff38000000')).toMatchObject({
    kind: 'none',
    batteryVolts: 3.6,
  })
})

test('an LHT65 set to its cable reads the cable, and a missing cable is a fault', () => {
  const probe = { probe: 'external' } as const
  expect(decode('dragino', 'lht65', 2, 'cbf60b0d0376010add7fff', probe)).toMatchObject({
    measurement: { temperature: 27.81 },
  })
  expect(decode('dragino', 'lht65', 2, 'cbf60b0d0376017fff7fff', probe)).toMatchObject({
    measurement: { temperature: null, probeFault: true, humidity: 88.6, batteryVolts: 3.062 },
  })
  expect(decode('dragino', 'lht65', 2, 'f8300b0d4376096380d5a0', probe)).toMatchObject({
    measurement: { temperature: -20, batteryVolts: null },
  })
})

test('an LHT65 asked for its datalog answers with history, and with none where nothing is stored', () => {
  const entry = 'ff380b0d0376416380d5a0'
  expect(decode('dragino', 'lht65', 2, entry + entry)).toMatchObject({
    kind: 'history',
    samples: [{ temperature: 28.29, humidity: 88.6, recordedAtMs: 0x6380d5a0 * 1000 }, {}],
  })
  expect(decode('dragino', 'lht65', 2, entry, { probe: 'external' })).toMatchObject({
    samples: [{ temperature: -2 }],
  })
  expect(decode('dragino', 'lht65', 2, '00'.repeat(11)).kind).toBe('none')
})

test('an LHT65N sends an unacknowledged report again as history; one whose cable is unplugged is current', () => {
  const again = 'ff380b0d0376816380d5a0'
  expect(decode('dragino', 'lht65n', 2, again)).toMatchObject({
    kind: 'history',
    samples: [{ temperature: 28.29, humidity: 88.6, recordedAtMs: 0x6380d5a0 * 1000 }],
  })
  expect(decode('dragino', 'lht65n', 2, 'cbf60b0d0376817fffffff')).toMatchObject({
    kind: 'measurement',
    measurement: { temperature: 28.29 },
  })
})

test('Dragino door sensors tell state, openings and the last duration', () => {
  expect(decode('dragino', 'lds01', 10, '8b880100000400001e01')).toMatchObject({
    measurement: { doorOpen: true, batteryVolts: 2.952, doorOpenCount: 4, lastOpenMinutes: 30 },
  })
  expect(decode('dragino', 'lds03a', 2, '0100000400001e61cd4edd')).toMatchObject({
    measurement: { doorOpen: true, doorOpenCount: 4, lastOpenMinutes: 30 },
  })
  expect(decode('dragino', 'lds03a', 3, '0100000400001e61cd4edd0000000500001e61cd4fdd')).toMatchObject({
    kind: 'history',
    samples: [{ doorOpen: true, recordedAtMs: 0x61cd4edd * 1000 }, { doorOpen: false }],
  })
  expect(decode('dragino', 'lds03a', 5, '0a010001ff0b54')).toMatchObject({ kind: 'none', batteryVolts: 2.9 })
  expect(decode('dragino', 'lds02', 10, '4b880200000400001e01')).toMatchObject({ kind: 'none' })
})

test('Milesight replays are read by the layout of their model', () => {
  const first = { recordedAtMs: 1665561758000, temperature: 27.2 }
  const time = '9e744663'
  expect(decode('milesight-iot', 'em300-th', 85, `20ce${time}10015d`)).toMatchObject({
    kind: 'history',
    samples: [{ ...first, humidity: 46.5 }],
  })
  expect(decode('milesight-iot', 'am308', 85, `20ce${time}10015d00${'00'.repeat(12)}`)).toMatchObject({
    samples: [{ ...first, humidity: 46.5 }],
  })
  expect(
    decode('milesight-iot', 'em500-co2', 85, `20ce${time}900168271001 5d`.replace(' ', '')),
  ).toMatchObject({
    samples: [{ ...first, humidity: 46.5 }],
  })
  expect(decode('milesight-iot', 'ts101', 85, `20ce${time}011001`)).toMatchObject({ samples: [first] })
  expect(decode('milesight-iot', 'ts201', 85, `20ce${time}211001`)).toMatchObject({
    samples: [{ temperature: null, probeFault: true }],
  })
  expect(decode('milesight-iot', 'ts201', 85, `20ce${time}0210015d01`)).toMatchObject({
    samples: [{ ...first, humidity: 46.5 }],
  })
  expect(decode('milesight-iot', 'ts302', 85, `20ce${time}4610010100`)).toMatchObject({
    samples: [{ ...first, doorOpen: true }],
  })
  const both = decode('milesight-iot', 'em300-th', 85, `0175640367190104686520ce${time}10015d`)
  expect(both).toMatchObject({ kind: 'measurement', measurement: { temperature: 28.1 }, samples: [first] })
  const withBattery = decode('milesight-iot', 'em300-th', 85, `01756420ce${time}10015d`)
  expect(withBattery).toMatchObject({ kind: 'history', batteryPercent: 100, samples: [first] })
})

test('an EM300-MLD replays zeros where it has no thermometer: no reading', () => {
  expect(decode('milesight-iot', 'em300-mld', 85, '20ce9e74466300000001').kind).toBe('none')
  expect(decode('milesight-iot', 'em300-mld', 85, '01755c060000')).toMatchObject({
    kind: 'none',
    batteryPercent: 92,
  })
})

test("the examples of the vendors' own pages hold", () => {
  const milesight = (model: string, hex: string) => decode('milesight-iot', model, 85, hex)
  expect(milesight('em300-di', '01755c0367340104686520ce9e74466310015d020000010000')).toMatchObject({
    kind: 'measurement',
    measurement: { temperature: 30.8, humidity: 50.5, batteryPercent: 92 },
    samples: [{ temperature: 27.2, humidity: 46.5 }],
  })
  expect(milesight('ts201', '20cec79afa6402bdff')).toMatchObject({
    samples: [{ temperature: -6.7, recordedAtMs: 1694145223000 }],
  })
  expect(milesight('ts201', '93673401640002')).toMatchObject({ measurement: { temperature: 30.8 } })
  expect(milesight('ts301', '94d70401820002')).toMatchObject({ measurement: { temperature: 26 } })
  expect(milesight('ws301', '017564030001040001')).toMatchObject({ measurement: { doorOpen: true } })
  expect(decode('radio-bridge', 'rbs305-ath', 2, '100d0517703d80')).toMatchObject({
    measurement: { temperature: 23.7, humidity: 61.8 },
  })
  expect(decode('sensative', 'strips', 1, 'ffff01500200ea03000d000e001000')).toMatchObject({
    measurement: { temperature: 23.4, batteryPercent: 80 },
  })
  expect(decode('mclimate', 'ht-sensor', 2, '01028880ab029c', { probe: 'external' })).toMatchObject({
    measurement: { temperature: 66.8, humidity: 50 },
  })
})

test('a Milesight sensor that introduces itself has no reading, an unknown item is an error', () => {
  const hello = 'ff0bffff0101ff166136b4133361' + '0002' + 'ff090300ff0a0101ff0f00'
  expect(decode('milesight-iot', 'em300-th', 85, hello).kind).toBe('none')
  expect(decode('milesight-iot', 'em300-th', 85, '01756403670000aabb00').kind).toBe('error')
  expect(decode('milesight-iot', 'em300-th', 85, '017564036700').kind).toBe('error')
})

test('a TS302 with a thermometer and a magnet tells both', () => {
  expect(decode('milesight-iot', 'ts302', 85, '01756303671900040001')).toMatchObject({
    measurement: { temperature: 2.5, doorOpen: true, batteryPercent: 99 },
  })
})

test('Elsys values with an age are replays at their own time', () => {
  expect(decode('elsys', 'ers', 1, '0100e2413c00e0', { receivedAtMs })).toMatchObject({
    kind: 'measurement',
    measurement: { temperature: 22.6 },
    samples: [{ temperature: 22.4, recordedAtMs: secondsAgo(60) }],
  })
  expect(decode('elsys', 'ers', 1, '813c0000e0').kind).not.toBe('measurement')
})

test('Elsys reads both its own and its cable probes', () => {
  const frame = '0100e20cff38' + '070e10'
  expect(decode('elsys', 'elt-2', 1, frame)).toMatchObject({
    measurement: { temperature: 22.6, batteryVolts: 3.6 },
  })
  expect(decode('elsys', 'elt-2', 1, frame, { probe: 'external' })).toMatchObject({
    measurement: { temperature: -20 },
  })
  expect(decode('elsys', 'ers', 1, '3e0102').kind).toBe('none')
})

test('a Watteco batch tells its newest values, and with the receive time the earlier ones at theirs', () => {
  const hex = '30b200b6e7c7004d8887202fda75b914b4b28276cbf26e59bb5bd6ed96e5ddb2948076cb9200f6'
  expect(decode('watteco', 'vaqao-lite', 125, hex, { receivedAtMs })).toMatchObject({
    kind: 'measurement',
    measurement: { temperature: 22.8, humidity: 53 },
    samples: [
      { temperature: 22.9, recordedAtMs: Date.UTC(2023, 6, 19, 7, 1, 25, 508) },
      { temperature: 22.8, recordedAtMs: Date.UTC(2023, 6, 19, 7, 11, 25, 508) },
    ],
  })
  const climo = decode('watteco', 'climo', 125, '362100808098c31ecb824d7b07ba3d', { receivedAtMs })
  expect(climo).toMatchObject({ samples: [{ batteryVolts: 3.707, recordedAtMs: secondsAgo(1) }] })
})

test("the second probe of a two-probe Watteco is not mixed into the unit's temperature", () => {
  const second = '310a0402000029f830'
  const model = 'tempo-remote-2-probes'
  expect(decode('watteco', model, 125, second)).toMatchObject({ measurement: { temperature: null } })
  expect(decode('watteco', model, 125, second, { probe: 'external' })).toMatchObject({
    measurement: { temperature: -20 },
  })
})

test('Sensative and Laird replays stand at their own times', () => {
  expect(decode('sensative', 'strips', 2, '00010000003c020000', { receivedAtMs })).toMatchObject({
    kind: 'history',
    samples: [{ temperature: 0, recordedAtMs: secondsAgo(60) }],
  })
  expect(decode('sensative', 'strips', 2, '00010000003c020000').kind).toBe('none')
  expect(decode('laird', 'rs1xx-temp-rh-sensor', 1, '0300000000' + '0a' + '2134' + 'a9f1')).toMatchObject({
    kind: 'history',
    samples: [{ temperature: -15.87, humidity: 52.33, recordedAtMs: Date.UTC(2015, 0, 1, 0, 0, 10) }],
  })
})

test('a contact of unknown sense tells the door only where the device is set to one', () => {
  const frames = [
    ['elsys', 'ems-door', 5, '01002802290d01'],
    ['netvox', 'r311a', 6, '0102011e01000000000000'],
    ['sensative', 'strips', 1, 'ffff090102ff38'],
  ] as const
  for (const [vendor, model, fPort, hex] of frames) {
    expect(decode(vendor, model, fPort, hex)).toMatchObject({ measurement: { doorOpen: null } })
    expect(decode(vendor, model, fPort, hex, { openIs: 1 })).toMatchObject({
      measurement: { doorOpen: true },
    })
    expect(decode(vendor, model, fPort, hex, { openIs: 0 })).toMatchObject({
      measurement: { doorOpen: false },
    })
  }
})

test('an MClimate open/close tells door and temperatures below zero, at an event too', () => {
  expect(decode('mclimate', 'open-close', 2, '01ab08d91b5cae01')).toMatchObject({
    measurement: { temperature: -21.7, doorOpen: true, batteryVolts: 2.97 },
  })
  expect(decode('mclimate', 'open-close', 2, '20ab04001b5cae00')).toMatchObject({
    measurement: { temperature: null, probeFault: true, doorOpen: false },
  })
})

test('an EM300-TH of newer firmware adds a byte to each replayed record', () => {
  expect(decode('milesight-iot', 'em300-th', 85, '20ce9e74466310015d0020ce7a77466310015d00')).toMatchObject({
    kind: 'history',
    samples: [{ temperature: 27.2 }, { temperature: 27.2 }],
  })
})

test.each([
  ['watteco', 'climo', 125, '362100808098c31ecb824d7b07ba3d00'],
  ['watteco', 'climo', 125, '118a0402000029010ea0b008fc000001b10834000001b207d00000'],
  ['watteco', 'climo', 125, '110a0402000029f830deadbeef'],
  ['browan', 'tbhh100', 103, '08ab3522'],
  ['radio-bridge', 'rbs301-temp-ext', 2, '140900ec'],
  ['sensative', 'strips', 1, 'ffff02000000'],
] as const)('%s %s on port %i refuses %s, which is cut or goes on too long', (vendor, model, fPort, hex) => {
  expect(decode(vendor, model, fPort, hex).kind).toBe('error')
})

test('a damaged SenseCAP frame is an error', () => {
  expect(decode('sensecap', 'sensecap', 1, '01011098530000010210a87a0000af52').kind).toBe('error')
})

test('a device or vendor that nobody knows has no decoder', () => {
  expect(decoderFor('dragino', 'toaster')).toBeUndefined()
  expect(decoderFor('nobody', 'lht65')).toBeUndefined()
  expect(decoderFor('Dragino', 'LHT65')?.name).toBe('dragino-lht65')
})

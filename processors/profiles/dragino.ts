import type { Profile } from './profile.ts'

const minutes = (count: number) => count * 60
const hours = (count: number) => count * 3600
const brand = 'dragino'
const climate = ['temperature', 'humidity', 'cable probe', 'battery V', 'history'] as const
const door = ['door', 'openings', 'battery V'] as const

export const draginoProfiles: readonly Profile[] = [
  {
    brand,
    models: ['lht65', 'lht65n', 'lht65s'],
    name: 'LHT65, LHT65N, LHT65S',
    decoder: 'dragino-lht65',
    expectedIntervalSeconds: minutes(20),
    gives: climate,
  },
  {
    brand,
    models: ['lht65n-e31f'],
    name: 'LHT65N-E31F',
    decoder: 'dragino-lht65',
    expectedIntervalSeconds: minutes(20),
    gives: climate,
    note: 'The cable carries a hygrometer too.',
  },
  {
    brand,
    models: ['lht65n-vib'],
    name: 'LHT65N-VIB',
    decoder: 'dragino-lht65-vib',
    expectedIntervalSeconds: minutes(20),
    gives: ['temperature', 'humidity', 'battery V'],
  },
  {
    brand,
    models: ['lht52'],
    name: 'LHT52',
    decoder: 'dragino-lht52',
    expectedIntervalSeconds: minutes(20),
    gives: climate,
    note: 'The battery comes with the device status only.',
  },
  {
    brand,
    models: ['lds01', 'lds02'],
    name: 'LDS01, LDS02',
    decoder: 'dragino-lds02',
    expectedIntervalSeconds: hours(24),
    gives: door,
    door: 'payload',
  },
  {
    brand,
    models: ['lds03a', 'ds03a-lb'],
    name: 'LDS03A, DS03A-LB',
    decoder: 'dragino-lds03a',
    expectedIntervalSeconds: hours(2),
    gives: [...door, 'history'],
    door: 'payload',
  },
  {
    brand,
    models: ['lsn50', 'lsn50-v2', 'sn50v3-lb'],
    name: 'LSN50, LSN50 v2, SN50v3-LB',
    decoder: 'dragino-lsn50',
    expectedIntervalSeconds: minutes(10),
    gives: ['temperature', 'humidity', 'cable probe', 'door', 'battery V'],
    door: 'payload',
    note: 'The first working DS18B20 is the unit’s; with none the SHT is, or where `probe: internal` says so.',
  },
  {
    brand,
    models: ['lsn50v2-s31', 's31-lb'],
    name: 'LSN50v2-S31, S31-LB',
    decoder: 'dragino-lsn50',
    expectedIntervalSeconds: minutes(10),
    gives: ['temperature', 'humidity', 'door', 'battery V'],
    door: 'payload',
  },
  {
    brand,
    models: ['lsn50v2-d20-d22-d23', 'lsn50v2-d20', 'd2x-lb', 'd20-lb', 'd22-lb', 'd23-lb'],
    name: 'LSN50v2-D20, -D22, -D23, D2x-LB',
    decoder: 'dragino-d2x',
    expectedIntervalSeconds: minutes(10),
    gives: ['temperature', 'battery V'],
    note: 'Of several probes the first that works.',
  },
  {
    brand,
    models: ['ltc2', 'ltc2-lb'],
    name: 'LTC2',
    decoder: 'dragino-ltc2',
    expectedIntervalSeconds: minutes(20),
    gives: ['temperature', 'battery V', 'history'],
    note: 'Of two PT100 the first that works.',
  },
]

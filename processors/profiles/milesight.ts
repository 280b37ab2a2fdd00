import type { Profile } from './profile.ts'

const minutes = (count: number) => count * 60
const brand = 'milesight-iot'
const air = ['temperature', 'humidity', 'battery %', 'history'] as const
const decoder = 'milesight'

export const milesightProfiles: readonly Profile[] = [
  {
    brand,
    models: ['em300-th', 'em320-th', 'em300-di', 'em300-sld', 'em300-zld'],
    name: 'EM300-TH, EM320-TH, EM300-DI, EM300-SLD, EM300-ZLD',
    decoder,
    expectedIntervalSeconds: minutes(10),
    gives: air,
  },
  {
    brand,
    models: ['em300-mcs'],
    name: 'EM300-MCS',
    decoder,
    expectedIntervalSeconds: minutes(10),
    gives: [...air, 'door'],
    door: 'payload',
  },
  {
    brand,
    models: ['em500-pt100'],
    name: 'EM500-PT100',
    decoder,
    expectedIntervalSeconds: minutes(10),
    gives: ['temperature', 'battery %', 'history'],
  },
  {
    brand,
    models: ['em500-co2'],
    name: 'EM500-CO2',
    decoder,
    expectedIntervalSeconds: minutes(10),
    gives: air,
  },
  {
    brand,
    models: ['ts101'],
    name: 'TS101',
    decoder,
    expectedIntervalSeconds: minutes(60),
    gives: ['temperature', 'battery %', 'history'],
  },
  {
    brand,
    models: ['ts201', 'ts201v2'],
    name: 'TS201, TS201 v2',
    decoder,
    expectedIntervalSeconds: minutes(60),
    gives: air,
    note: 'Humidity where the probe is an SHT4x.',
  },
  {
    brand,
    models: ['ts301', 'ts302', 'ts30x'],
    name: 'TS301, TS302',
    decoder,
    expectedIntervalSeconds: minutes(10),
    gives: ['temperature', 'cable probe', 'door', 'battery %', 'history'],
    door: 'payload',
    note: 'Each of the two channels is a thermometer or a magnet; the second thermometer is `probe: external`.',
  },
  {
    brand,
    models: ['ws301'],
    name: 'WS301',
    decoder,
    expectedIntervalSeconds: minutes(1080),
    gives: ['door', 'battery %'],
    door: 'payload',
  },
  {
    brand,
    models: ['am102', 'am102l', 'am103', 'am103l', 'am104', 'am107'],
    name: 'AM102, AM103, AM104, AM107',
    decoder,
    expectedIntervalSeconds: minutes(10),
    gives: air,
  },
  {
    brand,
    models: ['am307', 'am307l', 'am308', 'am308l', 'am319', 'am319l'],
    name: 'AM307, AM308, AM319',
    decoder,
    expectedIntervalSeconds: minutes(10),
    gives: ['temperature', 'humidity', 'battery %', 'history'],
  },
  {
    brand,
    models: ['em400-mud', 'em400-tld', 'em400-udl'],
    name: 'EM400-MUD, EM400-TLD, EM400-UDL',
    decoder: null,
    mapping: { temperature: { path: 'temperature' }, battery: { path: 'battery', unit: '%' } },
    expectedIntervalSeconds: null,
    gives: ['temperature', 'battery %'],
  },
]

// Thermometers and hygrometers of the other vendors.
import type { Profile } from './profile.ts'

const minutes = (count: number) => count * 60
const air = ['temperature', 'humidity', 'battery V'] as const

const decentlab = (models: readonly string[], name: string, hasHumidity: boolean): Profile => ({
  brand: 'decentlab',
  models,
  name,
  decoder: 'decentlab',
  expectedIntervalSeconds: minutes(10),
  gives: hasHumidity ? air : ['temperature', 'battery V'],
})

export const climateProfiles: readonly Profile[] = [
  decentlab(
    ['dl-sht35', 'dl-sht35-001', 'dl-sht35-002', 'dl-sht21', 'dl-rhc', 'dl-iam', 'dl-pm', 'dl-lp8p'],
    'DL-SHT35, DL-SHT21, DL-RHC, DL-IAM, DL-PM, DL-LP8P',
    true,
  ),
  decentlab(
    ['dl-dlr2-008', 'dl-dlr2-009', 'dl-pr36ctd', 'dl-ds18'],
    'DL-DLR2-008 (Pt100), DL-DLR2-009 (Pt1000), DL-PR36CTD (Pt1000), DL-DS18',
    false,
  ),
  decentlab(
    [
      ...['dl-tp', 'dl-smtp', 'dl-trs11', 'dl-trs12', 'dl-trs21', 'dl-5tm', 'dl-itst', 'dl-blg'],
      ...['dl-ctd10', 'dl-pheht', 'dl-mes5', 'dl-pr21', 'dl-pr26', 'dl-pr36', 'dl-atm22'],
    ],
    'DL-TP, DL-SMTP, DL-TRS11, -TRS12, -TRS21, DL-5TM, DL-ITST, DL-BLG, DL-CTD10, DL-PHEHT, DL-MES5, DL-PR21, -PR26, -PR36, DL-ATM22',
    false,
  ),
  decentlab(
    ['dl-atm41', 'dl-atm41g2', 'dl-cws', 'dl-cws2', 'dl-wrm'],
    'DL-ATM41, DL-CWS, DL-CWS2, DL-WRM',
    true,
  ),
  {
    brand: 'elsys',
    models: [
      ...['ers', 'ers-lite', 'ers-co2', 'ers-co2-lite', 'ers-sound', 'ers-eye', 'ers-voc'],
      ...['elt-2', 'elt-lite', 'elt-ultrasonic', 'ems', 'ems-lite', 'ems-desk', 'esm5k', 'ext-module'],
    ],
    name: 'ERS, ELT and EMS families',
    decoder: 'elsys',
    expectedIntervalSeconds: minutes(10),
    gives: [...air, 'cable probe', 'history', 'door'],
    door: null,
    note: 'The digital input is a door where the fleet file says `openIs`.',
  },
  {
    brand: 'browan',
    models: ['tbhh100', 'tbhv110', 'tbwl100', 'cd10'],
    name: 'TBHH100, TBHV110, TBWL100, MerryIoT CD10',
    decoder: 'browan',
    expectedIntervalSeconds: minutes(60),
    gives: air,
  },
  {
    brand: 'browan',
    models: ['tbms100'],
    name: 'TBMS100',
    decoder: 'browan',
    expectedIntervalSeconds: minutes(60),
    gives: ['temperature', 'battery V'],
    note: 'The temperature of its board.',
  },
  {
    brand: 'laird',
    models: ['rs1xx-temp-rh-sensor', 'rs1xx-ext-temp-1w-sensor'],
    name: 'RS1xx (Laird, Ezurio)',
    decoder: 'laird-rs1xx',
    expectedIntervalSeconds: null,
    gives: [...air, 'history'],
  },
  {
    brand: 'laird',
    models: ['rs1xx-ext-multi-sensor'],
    name: 'RS1xx with external sensors or contact',
    decoder: 'laird-rs1xx',
    expectedIntervalSeconds: null,
    gives: [...air, 'history', 'door'],
    door: 'payload',
  },
  {
    brand: 'laird',
    models: ['rs1xx-ext-temp-rtd-sensor'],
    name: 'RS1xx with RTD',
    decoder: 'laird-rs1xx',
    expectedIntervalSeconds: null,
    gives: ['temperature', 'battery V', 'history'],
  },
  {
    brand: 'mclimate',
    models: ['ht-sensor'],
    name: 'HT Sensor',
    decoder: 'mclimate',
    expectedIntervalSeconds: minutes(10),
    gives: [...air, 'cable probe'],
  },
  {
    brand: 'mclimate',
    models: ['co2-sensor', 'ht-pir-lite', 'wireless-thermostat', 'aqi-sensor'],
    name: 'CO2 Sensor, HT PIR Lite, Wireless Thermostat, AQI Sensor',
    decoder: 'mclimate',
    expectedIntervalSeconds: minutes(10),
    gives: air,
  },
  {
    brand: 'mclimate',
    models: ['co2-display'],
    name: 'CO2 Display',
    decoder: null,
    mapping: {
      temperature: { path: 'sensorTemperature' },
      humidity: { path: 'relativeHumidity' },
      battery: { path: 'batteryVoltage', unit: 'V' },
    },
    expectedIntervalSeconds: minutes(10),
    gives: air,
  },
  {
    brand: 'talkpool',
    models: ['oy1100', 'oy1110', 'oy1200', 'oy1210', 'oy1700'],
    name: 'OY1100, OY1110, OY1200, OY1210, OY1700',
    decoder: 'talkpool',
    expectedIntervalSeconds: null,
    gives: ['temperature', 'humidity'],
  },
  {
    brand: 'sensecap',
    models: [
      ...['sensecap', 'sensecap-air-th', 'sensecaps2101-temp-humid', 'sensecaps2103-co2-temp-humid'],
      ...['sensecaps2104-soil-moisture-temp', 'sensecaps2105-soll-moisture-temp-ec', 'sensecap-soil-th'],
      'sensecaps2120-8-in-1',
    ],
    name: 'SenseCAP S2101, S2103, S2104, S2105, S2120 and the older wireless sensors',
    decoder: 'sensecap',
    expectedIntervalSeconds: minutes(60),
    gives: ['temperature', 'humidity', 'battery %'],
  },
  {
    brand: 'the-things-industries',
    models: ['generic-node-sensor-edition'],
    name: 'Generic Node, Sensor Edition',
    decoder: 'generic-node',
    expectedIntervalSeconds: null,
    gives: air,
  },
  {
    brand: 'the-things-stack',
    models: ['cayennelpp'],
    name: 'Any device that sends Cayenne LPP',
    decoder: 'cayenne-lpp',
    expectedIntervalSeconds: null,
    gives: ['temperature', 'humidity'],
    note: 'Set vendor and model in the fleet file.',
  },
]

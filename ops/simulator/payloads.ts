// What each simulated sensor puts into its uplinks: the vendor's own bytes, with the sensor's resolution. Layouts after
// the vendors' public documents; the round trip through our decoders is tested.

export type Measured = {
  /** At the sensor that counts for the unit. */
  temperatureC: number
  humidityPercent: number
  /** Where the case of the device is, if its sensor is on a cable or it sits outside. */
  caseC: number
  doorOpen: boolean
  openings: number
  lastOpenSeconds: number
  secondsSinceChange: number
  batteryVolts: number
  batteryPercent: number
}

export type Encoded = { fPort: number; bytes: Buffer }

export type SensorModel = {
  brandId: string
  modelId: string
  firmwareVersion: string
  gives: { temperature: boolean; door: boolean }
  /** Deviation of one measurement from the truth, °C. */
  noiseC: number
  encode(measured: Measured): Encoded
}

const clamped = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value))
const rounded = (value: number, step: number, least: number, most: number): number =>
  clamped(Math.round(value / step), least, most)

const int16 = (value: number): number => clamped(Math.round(value), -0x8000, 0x7fff) & 0xffff
const be16 = (value: number): number[] => [value >> 8, value & 0xff]
const le16 = (value: number): number[] => [value & 0xff, value >> 8]
const be24 = (value: number): number[] => [(value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff]
const le24 = (value: number): number[] => be24(value).reverse()

/** Battery state in the top two bits (3 good … 0 very low), millivolts below. */
function draginoBattery(volts: number): number[] {
  const state = volts >= 2.9 ? 3 : volts >= 2.7 ? 2 : volts >= 2.5 ? 1 : 0
  return be16((state << 14) | rounded(volts, 0.001, 0, 0x3fff))
}

function lht65({ temperatureC, humidityPercent, caseC, batteryVolts }: Measured): Encoded {
  const cable = 1
  const bytes = [
    ...draginoBattery(batteryVolts),
    ...be16(int16(caseC * 100)),
    ...be16(rounded(humidityPercent, 0.1, 0, 1000)),
    cable,
    ...be16(int16(temperatureC * 100)),
    0x7f,
    0xff,
  ]
  return { fPort: 2, bytes: Buffer.from(bytes) }
}

function lds02({ doorOpen, openings, lastOpenSeconds, batteryVolts }: Measured): Encoded {
  const doorMode = 1
  const state = (doorOpen ? 0x8000 : 0) | rounded(batteryVolts, 0.001, 0, 0x3fff)
  const minutes = Math.floor(lastOpenSeconds / 60)
  return {
    fPort: 10,
    bytes: Buffer.from([...be16(state), doorMode, ...be24(openings), ...be24(minutes), doorOpen ? 1 : 0]),
  }
}

const milesight = (...items: number[][]): Encoded => ({ fPort: 85, bytes: Buffer.from(items.flat()) })
const milesightBattery = ({ batteryPercent }: Measured) => [0x01, 0x75, rounded(batteryPercent, 1, 0, 100)]
const milesightAir = ({ temperatureC, humidityPercent }: Measured) => [
  ...[0x03, 0x67, ...le16(int16(temperatureC * 10))],
  ...[0x04, 0x68, rounded(humidityPercent, 0.5, 0, 200)],
]

const em300th = (measured: Measured): Encoded => milesight(milesightBattery(measured), milesightAir(measured))

const em300mcs = (measured: Measured): Encoded =>
  milesight(milesightBattery(measured), milesightAir(measured), [0x06, 0x00, measured.doorOpen ? 1 : 0])

const ws301 = (measured: Measured): Encoded =>
  milesight(milesightBattery(measured), [0x03, 0x00, measured.doorOpen ? 1 : 0], [0x04, 0x00, 0])

const elsysBattery = ({ batteryVolts }: Measured) => [0x07, ...be16(rounded(batteryVolts, 0.001, 0, 0xffff))]
const elsysAir = (temperatureC: number, humidityPercent: number) => [
  ...[0x01, ...be16(int16(temperatureC * 10))],
  ...[0x02, rounded(humidityPercent, 1, 0, 100)],
]

function ers(measured: Measured): Encoded {
  const { temperatureC, humidityPercent } = measured
  const [dark, still] = [
    [0x04, 0, 4],
    [0x05, 0],
  ]
  const bytes = [
    ...elsysAir(temperatureC, humidityPercent),
    ...(dark ?? []),
    ...(still ?? []),
    ...elsysBattery(measured),
  ]
  return { fPort: 5, bytes: Buffer.from(bytes) }
}

/** The case is at the wall, the probe on its cable inside. */
function elt2(measured: Measured): Encoded {
  const probe = [0x0c, ...be16(int16(measured.temperatureC * 10))]
  const bytes = [...elsysAir(measured.caseC, measured.humidityPercent), ...elsysBattery(measured), ...probe]
  return { fPort: 5, bytes: Buffer.from(bytes) }
}

function ems({ temperatureC, humidityPercent, ...rest }: Measured): Encoded {
  const level = [0x03, 0, 0, 0x3f]
  const battery = elsysBattery({ temperatureC, humidityPercent, ...rest })
  return { fPort: 5, bytes: Buffer.from([...elsysAir(temperatureC, humidityPercent), ...level, ...battery]) }
}

const browanBattery = (volts: number): number => rounded(volts - 2.5, 0.1, 0, 15)
const browanTemperature = (celsius: number): number => rounded(celsius + 32, 1, 0, 126)

function tbhv110({ temperatureC, humidityPercent, batteryVolts }: Measured): Encoded {
  const [carbonDioxidePpm, volatilePpb, airQuality] = [450, 12, 30]
  const celsius = browanTemperature(temperatureC)
  const bytes = [
    ...[0x00, browanBattery(batteryVolts), celsius, rounded(humidityPercent, 1, 0, 100)],
    ...[...le16(carbonDioxidePpm), ...le16(volatilePpb), ...le16(airQuality), celsius],
  ]
  return { fPort: 103, bytes: Buffer.from(bytes) }
}

function tbdw100({ doorOpen, caseC, secondsSinceChange, openings, batteryVolts }: Measured): Encoded {
  const minutes = clamped(Math.floor(secondsSinceChange / 60), 0, 0xffff)
  const bytes = [
    ...[doorOpen ? 1 : 0, browanBattery(batteryVolts), browanTemperature(caseC)],
    ...[...le16(minutes), ...le24(openings)],
  ]
  return { fPort: 100, bytes: Buffer.from(bytes) }
}

const both = { temperature: true, door: true }
const thermometer = { temperature: true, door: false }
const contact = { temperature: false, door: true }

const model = (
  brandId: string,
  modelId: string,
  firmwareVersion: string,
  gives: SensorModel['gives'],
  noiseC: number,
  encode: SensorModel['encode'],
): [string, SensorModel] => [
  `${brandId}/${modelId}`,
  { brandId, modelId, firmwareVersion, gives, noiseC, encode },
]

const models = new Map([
  model('dragino', 'lht65', '1.8', thermometer, 0.05, lht65),
  model('dragino', 'lds02', '1.4', contact, 0, lds02),
  model('milesight-iot', 'em300-th', '1.22', thermometer, 0.08, em300th),
  model('milesight-iot', 'em300-mcs', '1.22', both, 0.08, em300mcs),
  model('milesight-iot', 'ws301', '1.3', contact, 0, ws301),
  model('elsys', 'ers', '1.0', thermometer, 0.06, ers),
  model('elsys', 'elt-2', '1.0', thermometer, 0.06, elt2),
  model('elsys', 'ems', '1.0', thermometer, 0.06, ems),
  model('browan', 'tbhv110', '1.0', thermometer, 0.2, tbhv110),
  model('browan', 'tbdw100', '1.0', contact, 0, tbdw100),
])

export const sensorModelNames: readonly string[] = [...models.keys()]

export function sensorModel(vendor: string, modelName: string): SensorModel | undefined {
  return models.get(`${vendor}/${modelName}`.toLowerCase())
}

// Browan (and MerryIoT), little endian. Common start: 0 status, 1 bits 3–0 battery, 2.5 V + 0.1 V each (bits
// 7–4 reserved), 2 bits 6–0 temperature + 32 °C, 127 for a broken sensor. A frame of zeros is "nothing
// measured yet".
//
//   TBHH100, FPort 103, or 107 by its manual, 8 bytes: 2 the air; 3 bits 6–0 humidity %, 127 broken; the rest is reserved
//   TBHV110, FPort 103, 11 bytes: 2 the board, 3 humidity, 4–5 eCO2, 6–7 VOC, 8–9 air quality, 10 the air
//   TBDW100, FPort 100, 8 bytes: 0 bit 0 door open, 2 the board, 3–4 minutes since the last change, 5–7
//     openings
//   TBWL100, FPort 106, 5 bytes: 0 bit 0 water, 2 the board, 3 humidity, 4 the air
//   TBMS100, FPort 102, 8 bytes: 0 bit 0 motion, 2 the board
//   CD10, FPort 127, 7 bytes: 1 bits 3–0 battery, 2.1 V + 0.1 V each, 2–3 temperature int16 1/10 °C, 4
//     humidity %
// FPort 204 answers configuration.
import { guarded, int16le, uint8, uint24le } from './bytes.ts'
import {
  batteryVolts,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  failure,
  type Measurement,
  measurement,
  none,
  noProbe,
  relativeHumidity,
  type Thermometer,
  thermometer,
  unknownPort,
  wrongLength,
} from './decoder.ts'

const broken = 127

function celsius(bytes: Uint8Array, at: number): Thermometer {
  const raw = uint8(bytes, at) & 0x7f
  return raw === broken ? noProbe : thermometer(raw - 32, [-32, 94])
}

function start(bytes: Uint8Array, temperatureAt: number): Partial<Measurement> {
  return {
    ...celsius(bytes, temperatureAt),
    batteryVolts: batteryVolts((25 + (uint8(bytes, 1) & 0x0f)) / 10),
  }
}

function air(bytes: Uint8Array, temperatureAt: number): Decoded {
  return measurement({ ...start(bytes, temperatureAt), humidity: relativeHumidity(uint8(bytes, 3) & 0x7f) })
}

function door(bytes: Uint8Array): Decoded {
  return measurement({
    ...start(bytes, 2),
    doorOpen: (uint8(bytes, 0) & 0x01) !== 0,
    doorOpenCount: uint24le(bytes, 5),
  })
}

function co2(bytes: Uint8Array): Decoded {
  return measurement({
    ...thermometer(int16le(bytes, 2) / 10, [-40, 85]),
    humidity: relativeHumidity(uint8(bytes, 4)),
    batteryVolts: batteryVolts((21 + (uint8(bytes, 1) & 0x0f)) / 10),
  })
}

type Device = { fPorts: readonly number[]; length: number; read: (bytes: Uint8Array) => Decoded }

const devices: Record<string, Device> = {
  tbhh100: { fPorts: [103, 107], length: 8, read: (bytes) => air(bytes, 2) },
  tbhv110: { fPorts: [103], length: 11, read: (bytes) => air(bytes, 10) },
  tbdw100: { fPorts: [100], length: 8, read: door },
  tbwl100: { fPorts: [106], length: 5, read: (bytes) => air(bytes, 4) },
  tbms100: { fPorts: [102], length: 8, read: (bytes) => measurement(start(bytes, 2)) },
  cd10: { fPorts: [127], length: 7, read: co2 },
}

function browan(bytes: Uint8Array, fPort: number, { model }: DecodeOptions): Decoded {
  const device = devices[model]
  if (!device) return failure(`Browan ${model} is not known.`)
  if (fPort === 204) return none('Answer to configuration')
  if (!device.fPorts.includes(fPort)) return unknownPort(fPort, `${device.fPorts.join(', ')} and 204`)
  if (bytes.length !== device.length) return wrongLength(bytes, `${device.length} bytes`)
  if (bytes.every((byte) => byte === 0)) return none('Nothing measured yet')
  return device.read(bytes)
}

export const browanDecoder: Decoder = { name: 'browan', version: 2, decode: guarded(browan) }

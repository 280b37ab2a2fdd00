// Browan (and MerryIoT) TBHH100, TBHV110, TBDW100, little endian. Common start: 0 status, 1 bits 3–0 battery, 2.5 V +
// 0.1 V each (bits 7–4 reserved), 2 bits 6–0 temperature + 32 °C, 127 for a broken sensor.
//
//   TBHH100, FPort 103, 4 or 8 bytes: 2 is the air; 3 bits 6–0 humidity %, 127 broken; the rest is reserved
//   TBHV110, FPort 103, 11 bytes: 2 is the board, 3 humidity, 4–5 eCO2, 6–7 VOC, 8–9 air quality, 10 the air
//   TBDW100, FPort 100, 8 bytes: 0 bit 0 door open, 2 is the board, 3–4 minutes since the last change, 5–7 openings
// TBWL100 (FPort 106) and TBMS100 (102) share the start with TBDW100: their board thermometer is what they have.
import { guarded, uint8, uint24le } from './bytes.ts'
import {
  batteryVolts,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  type Measurement,
  measurement,
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
  if (bytes.length !== 8) return wrongLength(bytes, '8 bytes')
  return measurement({
    ...start(bytes, 2),
    doorOpen: (uint8(bytes, 0) & 0x01) !== 0,
    doorOpenCount: uint24le(bytes, 5),
  })
}

const boards: Record<string, { fPort: number; lengths: number[]; title: string }> = {
  tbwl100: { fPort: 106, lengths: [5], title: '5 bytes' },
  tbms100: { fPort: 102, lengths: [8], title: '8 bytes' },
}

function board(bytes: Uint8Array, fPort: number, model: string): Decoded {
  const shape = boards[model]
  if (shape?.fPort !== fPort) return unknownPort(fPort, String(shape?.fPort ?? 103))
  return shape.lengths.includes(bytes.length) ? measurement(start(bytes, 2)) : wrongLength(bytes, shape.title)
}

function browan(bytes: Uint8Array, fPort: number, { model }: DecodeOptions): Decoded {
  switch (model) {
    case 'tbdw100':
      return fPort === 100 ? door(bytes) : unknownPort(fPort, '100')
    case 'tbhv110':
      if (fPort !== 103) return unknownPort(fPort, '103')
      return bytes.length === 11 ? air(bytes, 10) : wrongLength(bytes, '11 bytes')
    case 'tbhh100':
      if (fPort !== 103) return unknownPort(fPort, '103')
      return bytes.length === 4 || bytes.length === 8 ? air(bytes, 2) : wrongLength(bytes, '4 or 8 bytes')
    default:
      return board(bytes, fPort, model)
  }
}

export const browanDecoder: Decoder = { name: 'browan', version: 1, decode: guarded(browan) }

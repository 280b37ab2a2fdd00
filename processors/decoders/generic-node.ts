// The Things Industries Generic Node, Sensor Edition, FPort 1, 6 bytes, big endian: 0 battery 1/10 V, 1–2
// temperature 1/10 °C + 50 °C, 3–4 humidity 1/10 %, 5 button.
import { guarded, uint8, uint16be } from './bytes.ts'
import {
  batteryVolts,
  type Decoded,
  type Decoder,
  measurement,
  relativeHumidity,
  thermometer,
  unknownPort,
  wrongLength,
} from './decoder.ts'

function genericNode(bytes: Uint8Array, fPort: number): Decoded {
  if (fPort !== 1) return unknownPort(fPort, '1')
  if (bytes.length !== 6) return wrongLength(bytes, '6 bytes')
  return measurement({
    ...thermometer((uint16be(bytes, 1) - 500) / 10, [-40, 125]),
    humidity: relativeHumidity(uint16be(bytes, 3) / 10),
    batteryVolts: batteryVolts(uint8(bytes, 0) / 10),
  })
}

export const genericNodeDecoder: Decoder = { name: 'generic-node', version: 1, decode: guarded(genericNode) }

// Enless Wireless TX 600, FPort 1, big endian: 0–2 serial number, 3 product, 4 counter, 5 firmware, then
// values, 2 bytes of alarms, 2 bytes of state. In the state bits 3–2 are the battery: 100, 75, 50 or 25 %.
//
//   04, 05, 06      18 bytes   6–7 temperature int16 1/10 °C, 8–9 humidity 1/10 %, …  (600-021, 022, 023)
//   0e              14 bytes   6–7 temperature, 8–9 humidity 1/10 %                   (600-034)
//   07, 0f, 10      14 bytes   6–7 temperature                                        (600-031, 032, 033)
//   0c, 11          14 bytes   6–7 and 8–9 temperatures, both signed                  (600-232, 233)
//   08, 09, 0a, 0b  22 bytes   pulses and contacts        0d  12 bytes   4–20 mA
import { guarded, int16be, uint8, uint16be } from './bytes.ts'
import {
  type Decoded,
  type Decoder,
  failure,
  firstWorking,
  type Measurement,
  measurement,
  none,
  relativeHumidity,
  thermometer,
  wrongLength,
} from './decoder.ts'

type Product = { bytes: number; has: 'air' | 'one probe' | 'two probes' | 'no thermometer' }

const products: Record<number, Product> = {
  4: { bytes: 18, has: 'air' },
  5: { bytes: 18, has: 'air' },
  6: { bytes: 18, has: 'air' },
  7: { bytes: 14, has: 'one probe' },
  8: { bytes: 22, has: 'no thermometer' },
  9: { bytes: 22, has: 'no thermometer' },
  10: { bytes: 22, has: 'no thermometer' },
  11: { bytes: 22, has: 'no thermometer' },
  12: { bytes: 14, has: 'two probes' },
  13: { bytes: 12, has: 'no thermometer' },
  14: { bytes: 14, has: 'air' },
  15: { bytes: 14, has: 'one probe' },
  16: { bytes: 14, has: 'one probe' },
  17: { bytes: 14, has: 'two probes' },
}
const airC = [-40, 125] as const
const pt1000C = [-200, 850] as const

function values(bytes: Uint8Array, has: Product['has']): Partial<Measurement> {
  const celsius = (at: number) => thermometer(int16be(bytes, at) / 10, has === 'air' ? airC : pt1000C)
  if (has === 'air') return { ...celsius(6), humidity: relativeHumidity(uint16be(bytes, 8) / 10) }
  return has === 'two probes' ? firstWorking([celsius(6), celsius(8)]) : celsius(6)
}

function enless(bytes: Uint8Array): Decoded {
  const code = uint8(bytes, 3)
  const product = products[code]
  if (!product) return failure(`Product code 0x${code.toString(16)} is unknown.`)
  if (bytes.length !== product.bytes) return wrongLength(bytes, `${product.bytes} bytes for this product`)
  if (product.has === 'no thermometer') return none('Pulse, contact or current report')
  const state = uint16be(bytes, bytes.length - 2)
  return measurement({ ...values(bytes, product.has), batteryPercent: 100 - 25 * ((state >> 2) & 0x03) })
}

export const enlessDecoder: Decoder = { name: 'enless', version: 1, decode: guarded(enless) }

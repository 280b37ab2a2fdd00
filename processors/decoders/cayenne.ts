// Cayenne Low Power Payload, any FPort (FPort 1 is the vendor-neutral dynamic payload; nothing distinguishes
// the others): a chain of items, each channel, type, value; big endian. 67 is temperature, int16 1/10 °C; 68
// humidity, 1/2 %; the other types are stepped over. Channel numbers carry no meaning, so the first working
// thermometer speaks for the unit.
import { guarded, int16be, uint8 } from './bytes.ts'
import {
  type Decoded,
  type Decoder,
  failure,
  firstWorking,
  reading,
  relativeHumidity,
  type Thermometer,
  thermometer,
} from './decoder.ts'

const valueBytes: Record<number, number> = {
  0: 1,
  1: 1,
  2: 2,
  3: 2,
  100: 4,
  101: 2,
  102: 1,
  103: 2,
  104: 1,
  112: 4,
  113: 6,
  115: 2,
  116: 2,
  117: 2,
  118: 4,
  120: 1,
  121: 2,
  125: 2,
  128: 2,
  130: 4,
  131: 4,
  132: 2,
  133: 4,
  134: 6,
  135: 3,
  136: 9,
  142: 1,
}
const temperature = 103
const humidity = 104
const rangeC = [-200, 850] as const

function cayenne(bytes: Uint8Array): Decoded {
  const thermometers: Thermometer[] = []
  let percent: number | null | undefined
  for (let at = 0; at < bytes.length; ) {
    const type = uint8(bytes, at + 1)
    const length = valueBytes[type]
    if (length === undefined) return failure(`Item type ${type} at byte ${at + 1} is unknown.`)
    const start = at + 2
    if (start + length > bytes.length) return failure(`The value of item type ${type} is cut off.`)
    if (type === temperature) thermometers.push(thermometer(int16be(bytes, start) / 10, rangeC))
    if (type === humidity && percent === undefined) percent = relativeHumidity(uint8(bytes, start) / 2)
    at = start + length
  }
  return reading(
    {
      ...(thermometers.length > 0 && firstWorking(thermometers)),
      ...(percent !== undefined && { humidity: percent }),
    },
    'No temperature and no humidity',
  )
}

export const cayenneDecoder: Decoder = { name: 'cayenne-lpp', version: 2, decode: guarded(cayenne) }

// Watteco (nke Watteco), FPort 125, big endian. An odd first byte begins a ZigBee-like frame: 0 end point
// (bits 7–5 its low, 2–1 its high bits), 1 command (0a report, 8a alarm, 01 read answer; the rest answers
// configuration), 2–3 cluster, 4–5 attribute, then for 01 a status byte, 1 type, the value, and behind
// reports of firmware 3 the cause: bits 5–4 of its first byte are 1 or 2.
//
//   0402 0000  temperature int16 1/100 °C    0405 0000  humidity uint16 1/100 %    000f 0055  contact, 1 byte
//   0050 0006  power: length, mode, mask of sources, uint16 mV for each (mains, rechargeable, disposable, …)
// Closo's contact is end point 1, end point 0 is the case's own: tampering. The older Closo sensor has one
// contact, on end point 0, whose sense is the mounting's: a door only where `openIs` is set. An even first byte begins a batch, see
// watteco-batch.ts.
import { guarded, int16be, uint8, uint16be } from './bytes.ts'
import {
  batteryVolts,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  doorBy,
  failure,
  type Measurement,
  none,
  reading,
  relativeHumidity,
  thermometer,
  unknownPort,
  wrongLength,
} from './decoder.ts'
import { wattecoBatch } from './watteco-batch.ts'

// The probes reach from −55 to 200 °C; 327.67 is what a missing one reads.
const rangeC = [-60, 200] as const
const reportCommands = new Set([0x0a, 0x8a, 0x01])
const otherCommands = new Set([0x02, 0x03, 0x04, 0x05, 0x07, 0x09, 0x0b, 0x50])

function endPoint(first: number): number {
  return ((first & 0xe0) >> 5) | ((first & 0x06) << 2)
}

// Two probes report as end points 0 and 1; mixing them would make one unit jump between two places.
function isOtherProbe(point: number, { model, probe }: DecodeOptions): boolean {
  const hasTwo = /2-probes|2-ctn|vaqao/.test(model)
  if (probe === 'external') return hasTwo && point === 0
  return hasTwo && point !== 0
}

function contact(state: number, point: number, options: DecodeOptions): Partial<Measurement> {
  if (options.model === 'closo-sensor' && point === 0) return { doorOpen: doorBy(options, state) }
  return options.model.startsWith('closo') && point === 1 ? { doorOpen: state !== 0 } : {}
}

function attribute(
  bytes: Uint8Array,
  at: number,
  options: DecodeOptions,
): [Partial<Measurement>, number] | undefined {
  const point = endPoint(uint8(bytes, 0))
  switch (`${uint16be(bytes, 2).toString(16)}/${uint16be(bytes, 4).toString(16)}`) {
    case '402/0':
      return [
        isOtherProbe(point, options) ? { temperature: null } : thermometer(int16be(bytes, at) / 100, rangeC),
        2,
      ]
    case '405/0':
      return [{ humidity: relativeHumidity(uint16be(bytes, at) / 100) }, 2]
    case 'f/55': {
      const state = uint8(bytes, at)
      return [contact(state, point, options), 1]
    }
    default:
      return undefined
  }
}

function power(bytes: Uint8Array, at: number): Decoded {
  const mask = uint8(bytes, at + 2)
  const sources = [0, 1, 2].filter((source) => (mask >> source) & 1)
  const volts = sources.map((_, index) => batteryVolts(uint16be(bytes, at + 3 + 2 * index) / 1000))
  return none('Power sources', { batteryVolts: volts.at(-1) ?? null })
}

// Behind a report may stand why it was sent: a byte whose bits 5–4 are 1 (short) or 2 (long), then for each
// criterion a byte, bits 4–3 of it 1 (change) or 2 (threshold); the long form adds the value, and for a
// threshold its margin and how often it was crossed, 1 byte or, with its bit 7 set, 5.
function areCauses(bytes: Uint8Array, start: number, valueBytes: number): boolean {
  const form = (uint8(bytes, start) >> 4) & 0x03
  if (form !== 1 && form !== 2) return false
  let at = start + 1
  while (at < bytes.length) {
    const mode = (uint8(bytes, at) >> 3) & 0x03
    if (mode !== 1 && mode !== 2) return false
    at += 1
    if (form === 1) continue
    at += mode === 2 ? 2 * valueBytes : valueBytes
    if (mode === 2) at += ((bytes[at] ?? 0) & 0x80) !== 0 ? 5 : 1
  }
  return at === bytes.length && at > start + 1
}

function standard(bytes: Uint8Array, options: DecodeOptions): Decoded {
  const command = uint8(bytes, 1)
  if (!reportCommands.has(command)) {
    return otherCommands.has(command)
      ? none('Answer to configuration')
      : failure(`Command ${command} is unknown.`)
  }
  const at = command === 0x01 ? 8 : 7
  if (command === 0x01 && uint8(bytes, 6) !== 0) return none('A refused read')
  if (uint16be(bytes, 2) === 0x0050 && uint16be(bytes, 4) === 0x0006) return power(bytes, at)
  const found = attribute(bytes, at, options)
  if (!found) {
    return bytes.length > at
      ? none(`Attribute of cluster ${uint16be(bytes, 2)}`)
      : wrongLength(bytes, 'a value')
  }
  const [values, length] = found
  const end = at + length
  if (bytes.length > end && !areCauses(bytes, end, length)) return wrongLength(bytes, `${end} bytes`)
  return reading(values, 'Tampering')
}

function watteco(bytes: Uint8Array, fPort: number, options: DecodeOptions): Decoded {
  if (fPort !== 125) return unknownPort(fPort, '125')
  return (uint8(bytes, 0) & 1) === 1 ? standard(bytes, options) : wattecoBatch(bytes, options)
}

export const wattecoDecoder: Decoder = { name: 'watteco', version: 2, decode: guarded(watteco) }

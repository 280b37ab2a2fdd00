// Dragino door sensors.
//
// LDS01, LDS02 (and LWL01, LWL02), FPort 10, 10 bytes, big endian:
//   0–1  bit 15 door open, bit 14 water, bits 13–0 battery mV     2  mode: 1 door, 2 water, 3 both
//   3–5  openings since start (mode 1)   6–8  minutes that the last opening took (mode 1)   9  bit 0 alarm
//
// LDS03A (and LWL03A's leak twin, DS03A-LB), FPort 2, 11 bytes: 0 bit 0 door open, bit 1 alarm; 1–3 openings;
// 4–6 minutes that the last opening took; 7–10 Unix time. FPort 3 repeats that as datalog. FPort 4 is
// configuration, FPort 5 status: model, firmware (2), band, sub-band, battery mV (2).
import { guarded, uint8, uint16be, uint24be, unixTimeMs } from './bytes.ts'
import {
  batteryVolts,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  history,
  type Measurement,
  measurement,
  none,
  type Sample,
  sample,
  unknownPort,
  wrongLength,
} from './decoder.ts'

function lds02(bytes: Uint8Array, fPort: number): Decoded {
  if (fPort !== 10) return unknownPort(fPort, '10')
  if (bytes.length !== 10) return wrongLength(bytes, '10 bytes')
  const battery = { batteryVolts: batteryVolts((uint16be(bytes, 0) & 0x3fff) / 1000) }
  const doorOpen = (uint8(bytes, 0) & 0x80) !== 0
  switch (uint8(bytes, 2)) {
    case 1:
      return measurement({
        doorOpen,
        doorOpenCount: uint24be(bytes, 3),
        lastOpenMinutes: uint24be(bytes, 6),
        ...battery,
      })
    case 2:
      return none('Water leak report', battery)
    case 3:
      return measurement({ doorOpen, ...battery })
    default:
      return { kind: 'error', error: `Mode ${uint8(bytes, 2)} is none of door (1), water (2) and both (3).` }
  }
}

const entryBytes = 11

function lds03aValues(bytes: Uint8Array, start: number): Partial<Measurement> {
  return {
    doorOpen: (uint8(bytes, start) & 0x01) !== 0,
    doorOpenCount: uint24be(bytes, start + 1),
    lastOpenMinutes: uint24be(bytes, start + 4),
  }
}

function lds03aDatalog(bytes: Uint8Array): Decoded {
  if (bytes.length % entryBytes !== 0) return wrongLength(bytes, `a multiple of ${entryBytes}`)
  const samples: Sample[] = []
  for (let start = 0; start < bytes.length; start += entryBytes) {
    if (bytes.subarray(start, start + entryBytes).every((byte) => byte === 0)) continue
    samples.push(sample(unixTimeMs(bytes, start + 7), lds03aValues(bytes, start)))
  }
  return samples.length > 0 ? history(samples) : none('Datalog reply: nothing stored for that time')
}

// Bits 2 and 3 tell of the report (timed; openings since the last report), the upper four are never set.
function isFlags(byte: number): boolean {
  return (byte & 0xf0) === 0
}

function lds03a(bytes: Uint8Array, fPort: number, { model }: DecodeOptions): Decoded {
  if (fPort === 4) return none('Configuration')
  if (fPort === 5) {
    if (bytes.length !== 7) return wrongLength(bytes, '7 bytes')
    return none('Device status', { batteryVolts: batteryVolts(uint16be(bytes, 5) / 1000) })
  }
  if (fPort !== 2 && fPort !== 3) return unknownPort(fPort, '2 to 5')
  if (model.startsWith('lwl') || model.startsWith('wl')) return none('Water leak report')
  if (fPort === 3) return lds03aDatalog(bytes)
  if (bytes.length !== entryBytes && !(model === 'ds03a-lb' && bytes.length === 18)) {
    return wrongLength(bytes, '11 bytes')
  }
  const flags = uint8(bytes, 0)
  if (!isFlags(flags)) {
    return {
      kind: 'error',
      error: `Status byte 0x${flags.toString(16)} has bits that this device never sets.`,
    }
  }
  return measurement(lds03aValues(bytes, 0))
}

export const draginoLds02: Decoder = { name: 'dragino-lds02', version: 1, decode: guarded(lds02) }
export const draginoLds03a: Decoder = { name: 'dragino-lds03a', version: 1, decode: guarded(lds03a) }

// Dragino LHT65 / LHT65N / LHT65S / LHT52: a thermometer and hygrometer in the case, and a cable that may
// carry a second thermometer.
//
// LHT65 family, FPort 2, 11 bytes, big endian:
//   0–1   bits 15–14 battery state, bits 13–0 battery mV        (ext 9: cable temperature, int16 1/100 °C)
//   2–3   built-in temperature, int16 1/100 °C                  (ext 15: half the probe's serial number)
//   4–5   bits 11–0 relative humidity 1/10 %                    (ext 9: bits 15–14 battery state)
//   6     bit 7 cable unplugged, bit 6 reply to a datalog poll, bits 3–0 what the cable is ("ext")
//   7–10  by ext: 1, 2 temperature int16 1/100 °C; 12 temperature and humidity; 9 Unix time; 4–8 neither
// Replies to a poll repeat those 11 bytes per entry, with the cable's temperature at 0 and Unix time at 7. An
// entry of zeros is "nothing stored". With PNACKMD set, a report that was not acknowledged is sent again in that
// same layout, bit 7 of byte 6 set instead of bit 6. FPort 5 is status: model, firmware (2), band, sub-band, battery mV (2).
//
// LHT52, FPort 2, 11 bytes: built-in temperature int16 1/100 °C, humidity uint16 1/10 %, cable temperature
// int16 1/100 °C, ext, Unix time. FPort 3 repeats that as datalog, FPort 4 is the probe's serial number,
// FPort 5 status.
import { guarded, int16be, uint8, uint16be, unixTimeMs } from './bytes.ts'
import {
  batteryVolts,
  chosenProbe,
  type Decoded,
  type DecodeOptions,
  type Decoder,
  failure,
  history,
  type Measurement,
  measurement,
  none,
  relativeHumidity,
  type Sample,
  sample,
  type Thermometer,
  thermometer,
  unknownPort,
  wrongLength,
} from './decoder.ts'

const builtInC = [-40, 125] as const
const cableC = [-55, 125] as const
const entryBytes = 11

const hundredths = (bytes: Uint8Array, at: number, range: readonly [number, number]): Thermometer =>
  thermometer(int16be(bytes, at) / 100, range)

function builtIn(bytes: Uint8Array, at: number): { internal: Thermometer; humidity: number | null } {
  const humidity = relativeHumidity((uint16be(bytes, at + 2) & 0x0fff) / 10)
  return { internal: hundredths(bytes, at, builtInC), humidity }
}

// Older LHT65 firmware says "unplugged" by 327.67 at the value, newer by bit 7 as well.
function cable(bytes: Uint8Array, at: number, flags: number): Thermometer | undefined {
  if (flags & 0x80) return undefined
  return hundredths(bytes, at, cableC)
}

function cableOf(bytes: Uint8Array, flags: number): Thermometer | undefined {
  const ext = flags & 0x0f
  if (ext === 9) return cable(bytes, 0, flags)
  if (ext === 1 || ext === 2 || ext === 12) return cable(bytes, 7, flags)
  return undefined
}

function lht65Report(bytes: Uint8Array, options: DecodeOptions): Decoded {
  const flags = uint8(bytes, 6)
  const ext = flags & 0x0f
  const volts = ext === 9 ? null : batteryVolts((uint16be(bytes, 0) & 0x3fff) / 1000)
  if (ext === 15) return none('Serial number of the cable probe', { batteryVolts: volts })
  const { internal, humidity } = builtIn(bytes, 2)
  const external = cableOf(bytes, flags)
  const ownHumidity = ext === 12 && options.probe === 'external' ? externalHumidity(bytes) : humidity
  return measurement({
    ...chosenProbe(options, internal, external),
    humidity: ownHumidity,
    batteryVolts: volts,
  })
}

const externalHumidity = (bytes: Uint8Array) => relativeHumidity((uint16be(bytes, 9) & 0x0fff) / 10)

function lht65Entry(bytes: Uint8Array, start: number, options: DecodeOptions): Sample {
  const { internal, humidity } = builtIn(bytes, start + 2)
  const ext = uint8(bytes, start + 6) & 0x0f
  const external = ext === 1 || ext === 2 || ext === 9 ? hundredths(bytes, start, cableC) : undefined
  const values: Partial<Measurement> = { ...chosenProbe(options, internal, external), humidity }
  return sample(unixTimeMs(bytes, start + 7), values)
}

function entries(bytes: Uint8Array, read: (start: number) => Sample): Decoded {
  if (bytes.length % entryBytes !== 0) return wrongLength(bytes, `a multiple of ${entryBytes}`)
  const samples: Sample[] = []
  for (let start = 0; start < bytes.length; start += entryBytes) {
    const isEmpty = bytes.subarray(start, start + entryBytes).every((byte) => byte === 0)
    if (!isEmpty) samples.push(read(start))
  }
  return samples.length > 0 ? history(samples) : none('Datalog reply: nothing stored for that time')
}

// A cable that is unplugged sets the same bit, but then bytes 7–8 read 7fff: 327.67 °C and the year 2038.
function isSentAgain(bytes: Uint8Array): boolean {
  const flags = uint8(bytes, 6)
  const ext = flags & 0x0f
  const firstOfTime = uint8(bytes, 7)
  return (flags & 0xc0) === 0x80 && (ext === 1 || ext === 2) && firstOfTime >= 0x5e && firstOfTime < 0x7f
}

function status(bytes: Uint8Array): Decoded {
  if (bytes.length !== 7) return wrongLength(bytes, '7 bytes')
  return none('Device status', { batteryVolts: batteryVolts(uint16be(bytes, 5) / 1000) })
}

// In a reply each entry carries the poll flag; one without it, unless empty, means that this is no reply.
function isReplay(bytes: Uint8Array): boolean {
  for (let start = 0; start < bytes.length; start += entryBytes) {
    const isEmpty = bytes.subarray(start, start + entryBytes).every((byte) => byte === 0)
    if (!isEmpty && (uint8(bytes, start + 6) & 0x40) === 0) return false
  }
  return true
}

function lht65(bytes: Uint8Array, fPort: number, options: DecodeOptions): Decoded {
  if (fPort === 5) return status(bytes)
  if (fPort === 3) return none('Untimed values of the cable probe')
  if (fPort !== 2) return unknownPort(fPort, '2, 3 and 5')
  if (bytes.length < entryBytes || bytes.length % entryBytes !== 0) return wrongLength(bytes, '11 bytes')
  if (isReplay(bytes)) return entries(bytes, (start) => lht65Entry(bytes, start, options))
  if (bytes.length !== entryBytes) return wrongLength(bytes, '11 bytes')
  return isSentAgain(bytes) ? history([lht65Entry(bytes, 0, options)]) : lht65Report(bytes, options)
}

// The vibration model packs by mode, byte 2 bits 4–2: 2 has temperature and humidity at 7, 3 at 3, 1 none.
function vibration(bytes: Uint8Array, fPort: number): Decoded {
  if (fPort === 5) return status(bytes)
  if (fPort === 7) return none('Accelerations')
  if (fPort !== 2) return unknownPort(fPort, '2, 5 and 7')
  if (bytes.length !== entryBytes) return wrongLength(bytes, '11 bytes')
  const battery = { batteryVolts: batteryVolts(uint16be(bytes, 0) / 1000) }
  const mode = (uint8(bytes, 2) >> 2) & 0x07
  if (mode === 1) return none('Vibration counts', battery)
  if (mode !== 2 && mode !== 3) return failure(`Mode ${mode} is unknown.`)
  const { internal, humidity } = builtIn(bytes, mode === 2 ? 7 : 3)
  return measurement({ ...internal, humidity, ...battery })
}

function lht52Values(bytes: Uint8Array, start: number, options: DecodeOptions): Partial<Measurement> {
  const internal = hundredths(bytes, start, builtInC)
  const external = hundredths(bytes, start + 4, cableC)
  const humidity = relativeHumidity(int16be(bytes, start + 2) / 10)
  return { ...chosenProbe(options, internal, external), humidity }
}

function lht52(bytes: Uint8Array, fPort: number, options: DecodeOptions): Decoded {
  switch (fPort) {
    case 2:
      return bytes.length === entryBytes
        ? measurement(lht52Values(bytes, 0, options))
        : wrongLength(bytes, '11 bytes')
    case 3:
      return entries(bytes, (start) =>
        sample(unixTimeMs(bytes, start + 7), lht52Values(bytes, start, options)),
      )
    case 4:
      return bytes.length === 8 ? none('Serial number of the cable probe') : wrongLength(bytes, '8 bytes')
    case 5:
      return status(bytes)
    default:
      return unknownPort(fPort, '2 to 5')
  }
}

export const draginoLht65: Decoder = { name: 'dragino-lht65', version: 2, decode: guarded(lht65) }
export const draginoLht65Vib: Decoder = { name: 'dragino-lht65-vib', version: 1, decode: guarded(vibration) }
export const draginoLht52: Decoder = { name: 'dragino-lht52', version: 1, decode: guarded(lht52) }

// `coldstream decode`: payloads in, values out, one JSON line for each line, in order; a line that cannot be
// read gives a line of kind `error`. The shape of both is public and stays as it is.
//
//   in   {"vendor", "device", "fPort", "hex"}, and optionally "receivedAt" (ISO 8601, for sensors that send
//     ages),
//        "probe" ("internal" | "external", for devices with two) and "openIs" (0 | 1, for contacts of either
//          sense)
//   out  {"kind", "temperature", "humidity", "doorOpen", "batteryVolts", "batteryPercent", "samples",
//     "error"}
import type { Command } from 'commander'
import type { Decoded, DecodeOptions, Measurement, Sample } from '../processors/decoders/decoder.ts'
import { modelOf } from '../processors/decoders/names.ts'
import { decoderFor } from '../processors/decoders/registry.ts'
import { profileFor } from '../processors/profiles/catalog.ts'

type Fields = Pick<Measurement, 'temperature' | 'humidity' | 'doorOpen' | 'batteryVolts' | 'batteryPercent'>
type OutputSample = { recordedAt: string } & Fields
type Output = { kind: Decoded['kind'] } & Fields & { samples: OutputSample[]; error: string | null }

const maxHexLength = 512
const hexPattern = /^(?:[0-9a-f]{2})*$/i

class BadInput extends Error {}

function text(line: Record<string, unknown>, name: string): string {
  const value = line[name]
  if (typeof value !== 'string') throw new BadInput(`"${name}" must be a string.`)
  return value
}

function port({ fPort }: Record<string, unknown>): number {
  if (typeof fPort !== 'number' || !Number.isInteger(fPort) || fPort < 0 || fPort > 255) {
    throw new BadInput('"fPort" must be a whole number from 0 to 255.')
  }
  return fPort
}

function payload(line: Record<string, unknown>): Uint8Array {
  const hex = text(line, 'hex').replaceAll(/[\s:-]/g, '')
  if (!hexPattern.test(hex)) throw new BadInput('"hex" must be pairs of hexadecimal digits.')
  if (hex.length > maxHexLength) throw new BadInput(`"hex" holds more than ${maxHexLength / 2} bytes.`)
  return new Uint8Array(Buffer.from(hex, 'hex'))
}

// As in the pipeline, a contact whose sense the profile knows needs no `openIs`.
function optionsOf(line: Record<string, unknown>, vendor: string, device: string): DecodeOptions {
  const options: DecodeOptions = { model: modelOf(vendor, device) }
  const { receivedAt, probe, openIs = profileFor(vendor, device)?.door } = line
  if (receivedAt !== undefined) {
    const receivedAtMs = typeof receivedAt === 'string' ? Date.parse(receivedAt) : Number.NaN
    if (!(receivedAtMs >= 0)) throw new BadInput('"receivedAt" must be an ISO 8601 instant after 1970.')
    options.receivedAtMs = receivedAtMs
  }
  if (probe === 'internal' || probe === 'external') options.probe = probe
  else if (probe !== undefined) throw new BadInput('"probe" must be "internal" or "external".')
  if (openIs === 0 || openIs === 1) options.openIs = openIs
  else if (line.openIs !== undefined) throw new BadInput('"openIs" must be 0 or 1.')
  return options
}

function parse(line: string): Record<string, unknown> {
  if (line.length > lineLengthMax) throw new BadInput(`The line is longer than ${lineLengthMax} characters.`)
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new BadInput('The line is not JSON.')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new BadInput('The line is not a JSON object.')
  }
  return value as Record<string, unknown>
}

function decode(line: string): Decoded {
  const input = parse(line)
  const vendor = text(input, 'vendor')
  const device = text(input, 'device')
  const fPort = port(input)
  const bytes = payload(input)
  const decoder = decoderFor(vendor, device)
  if (!decoder) throw new BadInput(`There is no decoder for vendor "${vendor}", device "${device}".`)
  return decoder.decode(bytes, fPort, optionsOf(input, vendor, device))
}

function fields(values: Partial<Measurement>): Fields {
  return {
    temperature: values.temperature ?? null,
    humidity: values.humidity ?? null,
    doorOpen: values.doorOpen ?? null,
    batteryVolts: values.batteryVolts ?? null,
    batteryPercent: values.batteryPercent ?? null,
  }
}

function outputSample(sample: Sample): OutputSample {
  return { recordedAt: new Date(sample.recordedAtMs).toISOString(), ...fields(sample) }
}

function output(decoded: Decoded): Output {
  switch (decoded.kind) {
    case 'measurement':
      return {
        kind: decoded.kind,
        ...fields(decoded.measurement),
        samples: (decoded.samples ?? []).map(outputSample),
        error: null,
      }
    case 'history':
      return {
        kind: decoded.kind,
        ...fields(decoded),
        samples: decoded.samples.map(outputSample),
        error: null,
      }
    case 'none':
      return { kind: decoded.kind, ...fields(decoded), samples: [], error: null }
    case 'error':
      return { kind: decoded.kind, ...fields({}), samples: [], error: decoded.error }
  }
}

/** One line in, one line out, without line ends. Never throws: a decoder's bug costs its own line only. */
export function decodeLine(line: string): string {
  try {
    return JSON.stringify(output(decode(line)))
  } catch (error) {
    const reason = error instanceof BadInput ? error.message : `The decoder failed: ${String(error)}`
    return JSON.stringify(output({ kind: 'error', error: reason }))
  }
}

type Sink = { write(chunk: string): boolean; once(event: 'drain', listener: () => void): unknown }

const lineLengthMax = 1_048_576

/** Cuts text into lines. A line beyond the limit is kept only so far that it is seen to be too long. */
class LineCutter {
  #rest = ''

  cut(chunk: string): string[] {
    const lines = (this.#rest + chunk).split('\n')
    this.#rest = lines.pop()?.slice(0, lineLengthMax + 1) ?? ''
    return lines
  }

  /** What stands behind the last line end, if anything. */
  last(): string | undefined {
    return this.#rest === '' ? undefined : this.#rest
  }
}

const withoutReturn = (line: string) => (line.endsWith('\r') ? line.slice(0, -1) : line)

/** Streams lines: a chunk of input is one write of output, and a slow reader slows the reading. */
export async function decodeStream(input: AsyncIterable<string>, sink: Sink): Promise<void> {
  const cutter = new LineCutter()
  const write = async (lines: string[]) => {
    if (lines.length === 0) return
    const answers = lines.map((line) => decodeLine(withoutReturn(line)))
    if (!sink.write(`${answers.join('\n')}\n`))
      await new Promise<void>((resolve) => sink.once('drain', resolve))
  }
  for await (const chunk of input) await write(cutter.cut(chunk))
  const last = cutter.last()
  if (last !== undefined) await write([last])
}

export function decodeCommand(program: Command): void {
  program
    .command('decode')
    .description(
      'decode payloads: JSON lines {vendor, device, fPort, hex} from stdin, values as JSON lines to stdout',
    )
    .action(async () => {
      process.stdin.setEncoding('utf8')
      // A reader that has seen enough (head, a closed pipe) ends the program, it does not break it.
      process.stdout.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code === 'EPIPE') process.exit(0)
        throw error
      })
      await decodeStream(process.stdin, process.stdout)
    })
}

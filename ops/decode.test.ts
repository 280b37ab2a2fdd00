import { execFileSync } from 'node:child_process'
import { Command } from 'commander'
import { expect, test } from 'vitest'
import { decodeCommand, decodeLine, decodeStream } from './decode.ts'

const lht65 = { vendor: 'dragino', device: 'lht65', fPort: 2, hex: 'cbf6000003760100007fff' }
const nothing = {
  temperature: null,
  humidity: null,
  doorOpen: null,
  batteryVolts: null,
  batteryPercent: null,
}

const answer = (input: unknown) => JSON.parse(decodeLine(JSON.stringify(input)))

async function stream(...chunks: string[]): Promise<string[]> {
  let output = ''
  async function* input() {
    yield* chunks
  }
  await decodeStream(input(), {
    write: (chunk) => {
      output += chunk
      return false
    },
    once: (_event, listener) => setImmediate(listener),
  })
  return output.split('\n').slice(0, -1)
}

test('a measurement comes out with exactly the public fields, in their order', () => {
  expect(decodeLine(JSON.stringify(lht65))).toBe(
    '{"kind":"measurement","temperature":0,"humidity":88.6,"doorOpen":null,"batteryVolts":3.062,' +
      '"batteryPercent":null,"samples":[],"error":null}',
  )
})

test('history comes out as samples in UTC with milliseconds, and no reading beside them', () => {
  const hex = '20ce9e74466310015d0120ce7a77466310015d00'
  expect(answer({ vendor: 'milesight-iot', device: 'em300-mcs', fPort: 85, hex })).toEqual({
    kind: 'history',
    ...nothing,
    samples: [
      {
        ...nothing,
        recordedAt: '2022-10-12T08:02:38.000Z',
        temperature: 27.2,
        humidity: 46.5,
        doorOpen: true,
      },
      {
        ...nothing,
        recordedAt: '2022-10-12T08:14:50.000Z',
        temperature: 27.2,
        humidity: 46.5,
        doorOpen: false,
      },
    ],
    error: null,
  })
})

test('a frame without a reading is none, with its battery if it tells one', () => {
  const status = { ...lht65, fPort: 5, hex: '0a010001ff0b54' }
  expect(answer(status)).toEqual({ kind: 'none', ...nothing, batteryVolts: 2.9, samples: [], error: null })
})

test('receivedAt and probe reach the decoder', () => {
  const strips = { vendor: 'sensative', device: 'strips', fPort: 2, hex: '00010000003c020000' }
  expect(answer({ ...strips, receivedAt: '2026-01-01T00:01:00Z' }).samples[0].recordedAt).toBe(
    '2026-01-01T00:00:00.000Z',
  )
  expect(answer({ ...lht65, hex: 'cbf60b0d0376010add7fff', probe: 'external' }).temperature).toBe(27.81)
})

test('a contact whose sense the profile knows tells its door, and openIs overrules the profile', () => {
  const contact = { vendor: 'netvox', device: 'r311a', fPort: 6, hex: '0102011e01000000000000' }
  expect(answer(contact).doorOpen).toBe(true)
  expect(answer({ ...contact, openIs: 0 }).doorOpen).toBe(false)
  expect(answer({ ...contact, device: 'r718f', hex: '011d011e01000000000000' }).doorOpen).toBeNull()
})

test('vendors and devices are found by the names that people use', () => {
  const climate = { vendor: 'Milesight', device: 'EM300-TH-868M', fPort: 85, hex: '0367000004686d' }
  expect(answer(climate)).toMatchObject({ kind: 'measurement', temperature: 0, humidity: 54.5 })
})

test.each([
  ['', 'not JSON'],
  ['{', 'not JSON'],
  ['[]', 'not a JSON object'],
  ['null', 'not a JSON object'],
  [JSON.stringify({ ...lht65, vendor: 3 }), '"vendor"'],
  [JSON.stringify({ ...lht65, vendor: 'acme' }), 'no decoder for vendor "acme", device "lht65"'],
  [JSON.stringify({ ...lht65, device: 'constructor' }), 'no decoder'],
  [JSON.stringify({ ...lht65, fPort: 256 }), '"fPort"'],
  [JSON.stringify({ ...lht65, fPort: undefined }), '"fPort"'],
  [JSON.stringify({ ...lht65, hex: 'cbf' }), '"hex"'],
  [JSON.stringify({ ...lht65, hex: 'zz' }), '"hex"'],
  [JSON.stringify({ ...lht65, hex: '' }), 'empty'],
  [JSON.stringify({ ...lht65, hex: '00'.repeat(300) }), 'more than 256 bytes'],
  [JSON.stringify({ ...lht65, receivedAt: 'yesterday' }), '"receivedAt"'],
  [JSON.stringify({ ...lht65, probe: 'left' }), '"probe"'],
  [JSON.stringify({ ...lht65, openIs: true }), '"openIs"'],
])('the line %j gives one line of kind error that says why', (line, reason) => {
  expect(JSON.parse(decodeLine(line))).toEqual({
    kind: 'error',
    ...nothing,
    samples: [],
    error: expect.stringContaining(reason),
  })
})

test('every input line gives one output line, however the text is cut and ends', async () => {
  const line = JSON.stringify(lht65)
  const kinds = (lines: string[]) => lines.map((output) => JSON.parse(output).kind)
  expect(kinds(await stream(`${line}\n\nx\r\n${line}`))).toEqual([
    'measurement',
    'error',
    'error',
    'measurement',
  ])
  expect(kinds(await stream(line.slice(0, 9), line.slice(9), '\n', line, '\r\n'))).toEqual([
    'measurement',
    'measurement',
  ])
  expect(await stream()).toEqual([])
})

test('a line without end is bounded and costs one error', async () => {
  const chunk = 'a'.repeat(400_000)
  const lines = await stream(chunk, chunk, chunk, chunk, `\n${JSON.stringify(lht65)}\n`)
  expect(lines.map((output) => JSON.parse(output).kind)).toEqual(['error', 'measurement'])
  expect(lines[0]).toContain('longer than')
})

test('a thousand lines take less than 20 ms, in the best of thirty runs', () => {
  const line = JSON.stringify(lht65)
  const run = () => {
    const startedAt = performance.now()
    for (let index = 0; index < 1000; index++) decodeLine(line)
    return performance.now() - startedAt
  }
  expect(Math.min(...Array.from({ length: 30 }, run))).toBeLessThan(20)
})

test('the command reads stdin and writes stdout', () => {
  const program = new Command()
  decodeCommand(program)
  expect(program.commands.map((command) => command.name())).toEqual(['decode'])
  const script =
    "import { Command } from 'commander'; import { decodeCommand } from './ops/decode.ts';" +
    "const p = new Command(); decodeCommand(p); await p.parseAsync(['node', 'coldstream', 'decode'])"
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: new URL('..', import.meta.url),
    input: `${JSON.stringify(lht65)}\n`,
    encoding: 'utf8',
  })
  expect(JSON.parse(output)).toMatchObject({ kind: 'measurement', temperature: 0 })
})

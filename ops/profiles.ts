// `coldstream profiles list|show|test`: which devices are known, what each gives, and whether its decoder reads the payloads
// that are published about it, or one of your own.
import { type Command, InvalidArgumentError } from 'commander'
import { brandOf } from '../processors/decoders/names.ts'
import { fromNetwork } from '../processors/decoders/network-payload.ts'
import { decoderFor } from '../processors/decoders/registry.ts'
import { profileFor, profiles } from '../processors/profiles/catalog.ts'
import type { Profile } from '../processors/profiles/profile.ts'
import { decodeLine } from './decode.ts'
import { checkText, runCheck } from './profiles/check.ts'
import { differences, examplesOf } from './profiles/examples.ts'
import { capabilityText, doorText, intervalText } from './profiles/words.ts'

type Print = (line: string) => void

const print: Print = (line) => process.stdout.write(`${line}\n`)

function fail(message: string): void {
  process.stderr.write(`${message}\n`)
  process.exitCode = 1
}

const decoderText = ({ decoder, brand, models }: Profile): string => {
  if (decoder === null) return 'decoded_payload by mapping'
  const version = decoderFor(brand, models[0] ?? '')?.version
  return `${decoder} v${version}`
}

function tableOf(rows: string[][]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

const rowOf = (profile: Profile, model: string) => [
  `${profile.brand}/${model}`,
  decoderText(profile),
  intervalText(profile),
  capabilityText(profile),
]

export function listProfiles(options: { brand?: string; json?: boolean }, out: Print = print): void {
  const brand = options.brand === undefined ? undefined : brandOf(options.brand)
  const chosen = profiles.filter((profile) => brand === undefined || profile.brand === brand)
  const rows = chosen.flatMap((profile) => profile.models.map((model) => rowOf(profile, model)))
  const lines = options.json
    ? chosen.map((profile) => JSON.stringify(profile))
    : tableOf([['device', 'decoder', 'every', 'gives'], ...rows])
  if (chosen.length === 0) fail(`No profile is of brand "${options.brand}".`)
  else for (const line of lines) out(line)
}

export function showProfile(device: string, options: { firmware?: string }, out: Print = print): void {
  const profile = profileOf(device, options.firmware)
  if (!profile) return
  const examples = examplesOf(profile)
  const lines = [
    ['name', profile.name],
    ['brand', profile.brand],
    ['models', profile.models.join(', ')],
    ['firmware', profile.firmware?.map((beginning) => `${beginning}…`).join(', ') ?? 'any'],
    ['decoder', decoderText(profile)],
    ...(profile.mapping ? [['mapping', JSON.stringify(profile.mapping)]] : []),
    ['interval', intervalText(profile)],
    ['gives', capabilityText(profile)],
    ['door', doorText(profile)],
    ...(profile.note === undefined ? [] : [['note', profile.note]]),
    ['examples', String(examples.length)],
  ]
  for (const line of tableOf(lines)) out(line)
}

function profileOf(device: string, firmware?: string): Profile | undefined {
  const [brand = '', model = ''] = device.split('/')
  const profile = profileFor(brand, model, firmware ?? null)
  if (!profile) fail(`There is no profile of "${device}". \`coldstream profiles list\` names all.`)
  return profile
}

export type TestOptions = {
  hex?: string
  port?: number
  receivedAt?: string
  probe?: 'internal' | 'external'
  openIs?: 0 | 1
  decoded?: unknown
  normalized?: unknown
}

export function testProfiles(device: string | undefined, options: TestOptions, out: Print = print): void {
  const { hex, decoded, normalized } = options
  const isOwn = hex !== undefined || decoded !== undefined || normalized !== undefined
  if (isOwn && device === undefined) fail('Name the device, as BRAND/MODEL, whose payload this is.')
  else if (device === undefined) testExamples(profiles, out)
  else if (decoded !== undefined || normalized !== undefined) testNetworkPayload(device, options, out)
  else if (hex !== undefined) testPayload(device, options, out)
  else {
    const profile = profileOf(device)
    if (profile) testExamples([profile], out)
  }
}

function testPayload(device: string, options: TestOptions, out: Print): void {
  const [vendor = '', model = ''] = device.split('/')
  const door = profileFor(vendor, model)?.door
  const openIs = options.openIs ?? (door === 0 || door === 1 ? door : undefined)
  const { hex, port = 1, receivedAt, probe } = options
  const line = decodeLine(
    JSON.stringify({ vendor, device: model, fPort: port, hex, receivedAt, probe, openIs }),
  )
  out(line)
  if ((JSON.parse(line) as { kind: string }).kind === 'error') process.exitCode = 1
}

function testNetworkPayload(device: string, { decoded, normalized }: TestOptions, out: Print): void {
  const [brand = '', model = ''] = device.split('/')
  const mapping = profileFor(brand, model)?.mapping
  const read = fromNetwork({ decoded, normalized, mapping })
  out(JSON.stringify(read.decoded))
  out(`read as: ${read.source}`)
  for (const warning of read.warnings) out(`warning: ${warning}`)
}

function testExamples(chosen: readonly Profile[], out: Print): void {
  let failed = 0
  let passed = 0
  for (const profile of chosen) {
    for (const example of examplesOf(profile)) {
      const wrong = differences(example)
      if (wrong.length === 0) passed += 1
      else failed += 1
      for (const text of wrong) out(`${profile.brand}/${example.device} ${example.hex}: ${text}`)
    }
  }
  out(`${passed} examples read as published, ${failed} not`)
  if (failed > 0) process.exitCode = 1
}

function jsonArgument(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new InvalidArgumentError('This is not JSON.')
  }
}

function oneOf<T extends string>(...choices: readonly T[]): (text: string) => T {
  return (text) => {
    const found = choices.find((choice) => choice === text)
    if (found === undefined) throw new InvalidArgumentError(`Choose ${choices.join(' or ')}.`)
    return found
  }
}

function portArgument(text: string): number {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 255) throw new InvalidArgumentError('0 to 255.')
  return port
}

function daysArgument(text: string): number {
  const days = Number(text)
  if (!Number.isInteger(days) || days < 1) throw new InvalidArgumentError('A whole number above 0.')
  return days
}

const contactState = oneOf('0', '1')

export function profilesCommand(program: Command): void {
  const command = program.command('profiles').description('the devices that are known, and what each gives')
  command
    .command('list')
    .description('every model with its decoder, interval and capabilities')
    .option('--brand <brand>', 'of one brand only')
    .option('--json', 'the profiles as JSON lines')
    .action((options: { brand?: string; json?: boolean }) => listProfiles(options))
  command
    .command('show')
    .description('one profile whole')
    .argument('<brand/model>', 'such as dragino/lht65n')
    .option('--firmware <version>', 'the firmware version, where profiles differ by it')
    .action((device: string, options: { firmware?: string }) => showProfile(device, options))
  command
    .command('test')
    .description('decode the published examples of a profile, or of all; or a payload of your own')
    .argument('[brand/model]', 'such as dragino/lht65n; not given: all')
    .option('--hex <bytes>', 'a payload to decode')
    .option('--port <fPort>', 'its FPort (default 1)', portArgument)
    .option('--received-at <instant>', 'when it came, ISO 8601, for sensors that send ages')
    .option('--probe <which>', 'internal or external', oneOf('internal', 'external'))
    .option('--open-is <state>', 'the contact state that means open: 0 or 1', (text) =>
      Number(contactState(text)),
    )
    .option('--decoded <json>', 'a decoded_payload to read by the mapping', jsonArgument)
    .option('--normalized <json>', 'the normalized_payload beside it', jsonArgument)
    .action((device: string | undefined, options: TestOptions) => testProfiles(device, options))
  command
    .command('check')
    .description(
      'decode the logged uplinks: what reads each device, what is not read and why, and each warning',
    )
    .option('--days <n>', 'how far back, by event time', daysArgument, 7)
    .option('--json', 'print JSON')
    .action(async ({ days, json = false }: { days: number; json?: boolean }) => {
      const devices = await runCheck(days)
      print(json ? JSON.stringify(devices, null, 2) : checkText(devices))
    })
}

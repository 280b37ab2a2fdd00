// The generated parts of the texts: the tables of commands and settings and the picture of the topology in README.md, the table
// of devices in docs/devices.md, the state machines in docs/domain.md. Each stands between `<!-- name -->` and `<!-- /name -->`.
// `node ops/reference.ts` writes, `--check` only compares and exits 1.
import { readFileSync, writeFileSync } from 'node:fs'
import { configKeys } from '../infra/config.ts'
import { decoderFor } from '../processors/decoders/registry.ts'
import { profiles } from '../processors/profiles/catalog.ts'
import { describeAsMermaid } from '../topology/describe.ts'
import { topology } from '../topology/topology.ts'
import { programFor } from './commands.ts'
import { diagrams } from './domain/diagrams.ts'
import { examplesOf } from './profiles/examples.ts'
import { capabilityText, doorText, intervalText } from './profiles/words.ts'

const program = await programFor()

function commandsTable(): string {
  const rows = program.commands.map((command) => {
    const inner = command.commands.map((sub) => `\`${sub.name()}\``).join(', ')
    const [only, ...others] = command.commands
    const said = (only !== undefined && others.length === 0 ? only : command).description()
    return `| \`${command.name()}\`${inner && `: ${inner}`} | ${said.replaceAll('|', '\\|')} |`
  })
  return ['| command | what it does |', '|---|---|', ...rows].join('\n')
}

function configurationTable(): string {
  const rows = Object.entries(configKeys).map(([name, { form, fallback, doc, usedBy }]) => {
    const standard = fallback === undefined ? '**required**' : fallback === '' ? 'not set' : `\`${fallback}\``
    return `| \`${name}\` | ${doc} Form: ${form}. | ${standard} | ${usedBy.join(', ')} |`
  })
  return ['| variable | what | default | read by |', '|---|---|---|---|', ...rows].join('\n')
}

function devicesTable(): string {
  const rows = profiles.map((profile) => {
    const { brand, models, name, decoder, note } = profile
    const read = decoder === null ? 'mapping' : `${decoder} v${decoderFor(brand, models[0] ?? '')?.version}`
    const door = profile.gives.includes('door') ? doorText(profile) : ''
    const cells = [name, `\`${brand}\``, capabilityText(profile), door, intervalText(profile), read]
    return `| ${[...cells, examplesOf(profile).length, note ?? ''].join(' | ')} |`
  })
  const header = '| device | brand | gives | door | sends every | decoder | examples | note |'
  return [header, '|---|---|---|---|---|---|---|---|', ...rows].join('\n')
}

type Sections = Record<string, () => string>

const readmeSections: Sections = {
  topology: () => `\`\`\`mermaid\n${describeAsMermaid(topology).trimEnd()}\n\`\`\``,
  commands: commandsTable,
  configuration: configurationTable,
}

/** By file, what is made in it. */
export const generatedTexts: Readonly<Record<string, Sections>> = {
  'README.md': readmeSections,
  'docs/devices.md': { devices: devicesTable },
  'docs/domain.md': diagrams,
}

/** The text with every generated section made anew; throws where a section's marks are missing. */
export function withReference(text: string, name = 'README.md'): string {
  return Object.entries(generatedTexts[name] ?? {}).reduce((result, [section, make]) => {
    const [open, close] = [`<!-- ${section} -->`, `<!-- /${section} -->`]
    const [start, end] = [result.indexOf(open), result.indexOf(close)]
    if (start < 0 || end < start) throw new Error(`${name} lacks the marks ${open} … ${close}`)
    return `${result.slice(0, start + open.length)}\n${make()}\n${result.slice(end)}`
  }, text)
}

if (import.meta.main) {
  for (const name of Object.keys(generatedTexts)) {
    const file = new URL(`../${name}`, import.meta.url)
    const text = readFileSync(file, 'utf8')
    const current = withReference(text, name)
    if (current === text) continue
    if (process.argv.includes('--check')) {
      console.error(`${name} is out of date: run \`npm run generate\`.`)
      process.exitCode = 1
    } else writeFileSync(file, current)
  }
}

// `coldstream presets`: the rules that a fleet file may name, with their sources.
import type { Command } from 'commander'
import { stringify } from 'yaml'
import { presetNames, presetOf, presets } from '../processors/presets.ts'

export function presetsCommand(program: Command): void {
  const command = program.command('presets').description('rules by name, for `preset:` in a fleet file')
  command
    .command('list')
    .description('their names')
    .action(() => {
      process.stdout.write(listed())
    })
  command
    .command('show')
    .description('one of them, with its source')
    .argument('<name>', 'as `list` tells it')
    .action((name: string) => {
      const text = shown(name)
      if (text === undefined)
        command.error(`There is no preset ${name}. Known are:\n${presetNames.join('\n')}`, { exitCode: 1 })
      else process.stdout.write(text)
    })
}

export function listed(): string {
  const width = Math.max(...presetNames.map((name) => name.length))
  return presets.map(({ name, title }) => `${name.padEnd(width)}  ${title}\n`).join('')
}

/** As a fleet file would write it. */
export function shown(name: string): string | undefined {
  const preset = presetOf(name)
  if (preset === undefined) return undefined
  const { title, source, note, rule } = preset
  const comments = [title, `Source: ${source}.`, note].map((line) => `# ${line}\n`).join('')
  return `${comments}${stringify({ rule })}`
}

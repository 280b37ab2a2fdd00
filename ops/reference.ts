// The generated parts of README.md: the configuration reference and the picture of the topology. Each stands between
// `<!-- name -->` and `<!-- /name -->`. `node ops/reference.ts` writes, `--check` only compares and exits 1.
import { readFileSync, writeFileSync } from 'node:fs'
import { configKeys } from '../infra/config.ts'
import { describeAsMermaid } from '../topology/describe.ts'
import { topology } from '../topology/topology.ts'

const readme = new URL('../README.md', import.meta.url)

function configurationTable(): string {
  const rows = Object.entries(configKeys).map(([name, { form, fallback, doc, usedBy }]) => {
    const standard = fallback === undefined ? '**required**' : fallback === '' ? 'not set' : `\`${fallback}\``
    return `| \`${name}\` | ${doc} Form: ${form}. | ${standard} | ${usedBy.join(', ')} |`
  })
  return ['| variable | what | default | read by |', '|---|---|---|---|', ...rows].join('\n')
}

const sections: Record<string, () => string> = {
  topology: () => `\`\`\`mermaid\n${describeAsMermaid(topology).trimEnd()}\n\`\`\``,
  configuration: configurationTable,
}

/** The text with every generated section made anew; throws where a section's marks are missing. */
export function withReference(text: string): string {
  return Object.entries(sections).reduce((result, [name, make]) => {
    const [open, close] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
    const [start, end] = [result.indexOf(open), result.indexOf(close)]
    if (start < 0 || end < start) throw new Error(`README.md lacks the marks ${open} … ${close}`)
    return `${result.slice(0, start + open.length)}\n${make()}\n${result.slice(end)}`
  }, text)
}

if (import.meta.main) {
  const text = readFileSync(readme, 'utf8')
  const current = withReference(text)
  if (current !== text && process.argv.includes('--check')) {
    console.error('README.md is out of date: run `npm run generate`.')
    process.exit(1)
  }
  if (current !== text) writeFileSync(readme, current)
}

// Writes generated/types.ts from the *.avsc contracts. `node schemas/generate.ts` writes, `--check` only compares
// and exits 1 where the file is out of date.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'

type AvroType = string | AvroType[] | AvroComplex
type AvroField = { name: string; type: AvroType; doc?: string }
type AvroComplex = {
  type: string | AvroComplex
  name?: string
  doc?: string
  symbols?: string[]
  items?: AvroType
  values?: AvroType
  fields?: AvroField[]
}

const primitives: Record<string, string> = {
  null: 'null',
  boolean: 'boolean',
  int: 'number',
  long: 'number',
  float: 'number',
  double: 'number',
  bytes: 'Buffer',
  string: 'string',
}

const folder = new URL('./', import.meta.url)
const target = new URL('generated/types.ts', folder)

/** Types by name, in the order of their first mention. */
const declared = new Map<string, string>()

function tsType(type: AvroType): string {
  if (typeof type === 'string') return primitives[type] ?? type.replace(/^.*\./, '')
  if (Array.isArray(type)) return type.map(tsType).sort(nullLast).join(' | ')
  if (type.type === 'array') return `readonly ${wrap(tsType(type.items ?? 'null'))}[]`
  if (type.type === 'map') return `Readonly<Record<string, ${tsType(type.values ?? 'null')}>>`
  if (type.type === 'enum') return declare(type, (type.symbols ?? []).map((s) => `'${s}'`).join(' | '))
  if (type.type === 'record') return declareRecord(type)
  return tsType(type.type)
}

const nullLast = (a: string, b: string): number => Number(a === 'null') - Number(b === 'null')
const wrap = (type: string): string => (type.includes('|') ? `(${type})` : type)

function declare(type: AvroComplex, body: string): string {
  const name = type.name ?? 'Unnamed'
  const text = `/** ${type.doc ?? name} */\nexport type ${name} = ${body}\n`
  const known = declared.get(name)
  if (known !== undefined && stripDoc(known) !== stripDoc(text))
    throw new Error(`${name} is declared twice, differently`)
  if (known === undefined) declared.set(name, text)
  return name
}

const stripDoc = (text: string): string => text.replace(/^\/\*\*.*\*\/\n/, '')

function declareRecord(type: AvroComplex): string {
  const fields = (type.fields ?? []).map((f) => {
    if (!f.doc) throw new Error(`${type.name}.${f.name} has no doc`)
    return `  /** ${f.doc} */\n  ${f.name}: ${tsType(f.type)}`
  })
  return declare(type, `{\n${fields.join('\n')}\n}`)
}

export function generateTypes(): string {
  declared.clear()
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.avsc'))
    .sort()
  const values = files.map((file) => {
    const schema = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as AvroComplex
    return `  '${file.slice(0, -'.avsc'.length)}': ${tsType(schema)}`
  })
  return [
    '// Generated from schemas/*.avsc by schemas/generate.ts: change those, then run `npm run generate`.\n',
    ...declared.values(),
    `/** The value type of every topic, by the topic's name without prefix. */`,
    `export type TopicValues = {\n${values.join('\n')}\n}\n`,
  ].join('\n')
}

if (import.meta.main) {
  const text = generateTypes()
  if (process.argv.includes('--check')) {
    if (readFileSync(target, 'utf8') === text) process.exit(0)
    console.error('schemas/generated/types.ts is out of date: run `npm run generate`.')
    process.exit(1)
  }
  mkdirSync(new URL('generated/', folder), { recursive: true })
  writeFileSync(target, text)
}

// The fleet file: YAML, checked against fleet.schema.json and for what a schema cannot say. Every problem is reported,
// all of them together, each with its line and column.
import { readFileSync } from 'node:fs'
import { Ajv, type ErrorObject } from 'ajv'
import addFormats from 'ajv-formats'
import { type Document, isNode, LineCounter, parseDocument } from 'yaml'
import type { Fleet, Path, Problem } from './declared.ts'
import { checkFleet } from './fleet-checks.ts'

/** `problems` are complete lines, `file:line:column: what`. */
export class FleetInvalid extends Error {
  readonly problems: readonly string[]
  constructor(problems: readonly string[]) {
    super(`The fleet file cannot be applied:\n${problems.join('\n')}`)
    this.problems = problems
  }
}

const schema = JSON.parse(readFileSync(new URL('./fleet.schema.json', import.meta.url), 'utf8'))
const ajv = new Ajv({ allErrors: true, verbose: true, allowUnionTypes: true })
addFormats.default(ajv, ['date-time'])
const matchesSchema = ajv.compile<Fleet>(schema)

export function parseFleet(text: string, file: string): Fleet {
  const lines = new LineCounter()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false })
  const at = (offset: number, what: string) => {
    const { line, col } = lines.linePos(offset)
    return { line, col, what: `${file}:${line}:${col}: ${what}` }
  }
  if (document.errors.length > 0)
    throw new FleetInvalid(
      document.errors.map((error) => at(error.pos[0], `not YAML: ${error.message}`).what),
    )
  const value: unknown = document.toJS()
  const schemaProblems = matchesSchema(value) ? [] : (matchesSchema.errors ?? []).map(problemOf)
  const problems = [...schemaProblems, ...checkFleet(value as Fleet)]
  if (problems.length === 0) return value as Fleet
  const found = problems.map(({ path, text: what }) =>
    at(offsetOf(document, path), `${pathText(path)}${what}`),
  )
  found.sort((a, b) => a.line - b.line || a.col - b.col)
  throw new FleetInvalid([...new Set(found.map(({ what }) => what))])
}

/** Of a key that should not be there: the key; of anything else: its value, or the nearest thing around it. */
function offsetOf(document: Document, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true)
    const last = path[length - 1]
    const pair = pairsOf(parent).find(({ key }) => keyText(key) === last)
    const node = pair?.key ?? document.getIn(path.slice(0, length), true)
    if (isNode(node) && node.range) return node.range[0]
  }
  return isNode(document.contents) ? (document.contents.range?.[0] ?? 0) : 0
}

const pairsOf = (node: unknown): { key: unknown }[] =>
  isNode(node) && 'items' in node
    ? (node.items as { key: unknown }[]).filter((item) => typeof item === 'object' && 'key' in item)
    : []

const keyText = (key: unknown): unknown => (isNode(key) && 'value' in key ? key.value : key)

const pathText = (path: Path): string => {
  const last = path.at(-1)
  return typeof last === 'string' ? `${last} ` : ''
}

function problemOf(error: ErrorObject): Problem {
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part))
  switch (error.keyword) {
    case 'additionalProperties': {
      const name: string = error.params.additionalProperty
      const known = Object.keys((error.parentSchema as { properties: object }).properties)
      return { path: [...path, name], text: `is not known here${suggestion(name, known)}` }
    }
    case 'required':
      return { path, text: `needs ${error.params.missingProperty}` }
    case 'enum':
      return { path, text: `must be one of ${error.params.allowedValues.join(', ')}` }
    case 'format':
      return { path, text: 'must be an instant with its offset, such as 2026-03-01T00:00:00Z' }
    case 'pattern':
      return { path, text: patternText(path) }
    case 'type':
      return { path, text: `${error.message}${error.params.type === 'string' ? ': write it in quotes' : ''}` }
    default:
      return { path, text: error.message ?? error.keyword }
  }
}

const patternText = (path: Path): string =>
  path.at(-1) === 'devEui'
    ? 'must be 16 hex digits'
    : 'must be small letters, digits and dashes, and start with a letter or digit'

function suggestion(name: string, known: readonly string[]): string {
  const near = known.find((candidate) => distance(candidate.toLowerCase(), name.toLowerCase()) <= 2)
  return near === undefined ? `: known are ${known.join(', ')}` : `: did you mean ${near}?`
}

/** Levenshtein: how many letters must be typed anew. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

// What arguments may look like. DateTime takes ISO 8601 with an offset: without one the server would have to
// guess whose.
import { Kind, type ValueNode } from 'graphql'
import { refusal } from './errors.ts'

const form = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/

export function parseInstant(text: unknown): Date {
  if (typeof text !== 'string' || !form.test(text) || Number.isNaN(Date.parse(text)) || !isRealDay(text))
    throw refusal(
      'BAD_INPUT',
      `${JSON.stringify(text)} is not an instant: give ISO 8601 with an offset, such as 2026-02-01T08:30:00.000Z.`,
    )
  return new Date(text)
}

/** Date.parse takes the 30th of February for the 2nd of March. */
function isRealDay(text: string): boolean {
  const day = text.slice(0, 10)
  return new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)
}

/** As resolvers of the scalar; its name and description are the schema's. */
/** A power of two. */
const KEPT = 1_024
const keptMs = new Float64Array(KEPT).fill(Number.NaN)
const keptText = new Array<string>(KEPT)

/** A year of days of a hundred units is a hundred times the same 365 texts, and to write them takes longer than all the rest. */
function isoOf(instant: Date): string {
  const ms = instant.getTime()
  const place = Math.imul(ms / 1_000, 0x9e3779b1) >>> 22
  if (keptMs[place] === ms) return keptText[place] ?? ''
  const text = instant.toISOString()
  keptMs[place] = ms
  keptText[place] = text
  return text
}

export const DateTime = {
  serialize: (value: unknown): string => isoOf(value instanceof Date ? value : new Date(String(value))),
  parseValue: parseInstant,
  parseLiteral: (node: ValueNode): Date => parseInstant(node.kind === Kind.STRING ? node.value : null),
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export const isUuid = (text: string): boolean => uuid.test(text)

export function parseId(text: string): string {
  if (!isUuid(text)) throw refusal('BAD_ID', `${JSON.stringify(text)} is not an id.`)
  return text.toLowerCase()
}

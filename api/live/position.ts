// Where a subscriber stands in a topic: the next offset of each partition. Outside it is a cursor, which any process of the API
// understands, and which outlives all of them.
import { refusal } from '../errors.ts'
import type { LiveField } from './events.ts'

export type Position = readonly number[]

export const cursorOf = (field: LiveField, position: Position): string =>
  Buffer.from(JSON.stringify([field, ...position])).toString('base64url')

/** Throws BAD_CURSOR for what is no cursor of this field over so many partitions. */
export function positionOf(field: LiveField, cursor: string, partitions: number): Position {
  const [owner, ...position] = parsed(cursor)
  if (typeof owner !== 'string' || !position.every(isOffset))
    throw refusal('BAD_CURSOR', `${JSON.stringify(cursor.slice(0, 100))} is not a cursor of this API.`)
  if (owner !== field)
    throw refusal(
      'BAD_CURSOR',
      `This cursor belongs to \`${owner.slice(0, 50)}\`, it cannot resume \`${field}\`.`,
    )
  if (position.length !== partitions)
    throw refusal(
      'BAD_CURSOR',
      'This cursor was given by another installation, or before its topics were made anew.',
    )
  return position
}

const isOffset = (part: unknown): part is number => Number.isSafeInteger(part) && (part as number) >= 0

function parsed(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

// Relay paging by keyset: a cursor holds the sort key of its row, so a page costs the same wherever it lies,
// and rows that arrive meanwhile neither shift nor repeat what follows. Rows of one instant are told apart by
// the key's rest.
import { refusal } from './errors.ts'
import { isUuid } from './scalars.ts'

export const PAGE_DEFAULT = 100
export const PAGE_MAX = 1_000

export type PageArgs = {
  first?: number | null
  after?: string | null
  last?: number | null
  before?: string | null
}
export type RangeArgs = { from?: Date | null; to?: Date | null }

/** The rest of a sort key after its instant: ids, and for readings whether it was simulated. */
export type CursorKey = readonly [ms: number, ...rest: (string | boolean)[]]

export type Page = { limit: number; backward: boolean; key: CursorKey | undefined }

export type Connection<R> = {
  nodes: R[]
  pageInfo: {
    hasNextPage: boolean
    hasPreviousPage: boolean
    startCursor: string | null
    endCursor: string | null
  }
  cursorOf: (row: R) => string
}

export function encodeCursor(field: string, key: CursorKey): string {
  return Buffer.from(JSON.stringify([field, ...key])).toString('base64url')
}

export function decodeCursor(field: string, cursor: string, isPart: IsKeyPart = isIdOrFlag): CursorKey {
  const [owner, ms, ...rest] = parsed(cursor)
  const known = Number.isSafeInteger(ms) && Math.abs(ms as number) < INSTANT_MS_MAX && rest.every(isPart)
  if (typeof owner !== 'string' || !known)
    throw refusal('BAD_CURSOR', `${JSON.stringify(cursor)} is not a cursor of this API.`)
  if (owner !== field)
    throw refusal('BAD_CURSOR', `This cursor belongs to \`${owner}\`, it cannot page \`${field}\`.`)
  return [ms as number, ...(rest as (string | boolean)[])]
}

/** Further from 1970 than Postgres goes. */
const INSTANT_MS_MAX = 8e13

// Checked here, because Postgres would answer a forged one with an error of its own.
type IsKeyPart = (part: unknown) => boolean
const isIdOrFlag: IsKeyPart = (part) =>
  typeof part === 'boolean' || (typeof part === 'string' && isUuid(part))
/** Where names tell rows apart. */
export const isName: IsKeyPart = (part) => typeof part === 'string' && !part.includes('\0')

function parsed(cursor: string): unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return Array.isArray(value) ? value : []
  } catch {
    return []
  }
}

export function pageOf(
  field: string,
  { first, after, last, before }: PageArgs,
  isPart: IsKeyPart = isIdOrFlag,
): Page {
  if (first != null && last != null)
    throw refusal('BAD_PAGE', `\`${field}\` was given both \`first\` and \`last\`.`)
  if (after != null && before != null)
    throw refusal('BAD_PAGE', `\`${field}\` was given both \`after\` and \`before\`.`)
  const backward = last != null || before != null
  if (backward && (first != null || after != null))
    throw refusal('BAD_PAGE', `\`${field}\` was given a mix of forward and backward paging.`)
  const limit = first ?? last ?? PAGE_DEFAULT
  if (limit < 1 || limit > PAGE_MAX)
    throw refusal('BAD_PAGE', `\`${field}\` was asked for ${limit} nodes; a page has 1 to ${PAGE_MAX}.`)
  const cursor = after ?? before
  return { limit, backward, key: cursor == null ? undefined : decodeCursor(field, cursor, isPart) }
}

export function checkRange(field: string, { from, to }: RangeArgs): void {
  if (from && to && from >= to)
    throw refusal(
      'BAD_RANGE',
      `\`${field}\` was asked from ${from.toISOString()} to ${to.toISOString()}: an empty range.`,
    )
}

/** `rows` come in the page's direction and hold one more than the page where there is more. */
export function connectionOf<R>(
  field: string,
  page: Page,
  rows: readonly R[],
  keyOf: (row: R) => CursorKey,
): Connection<R> {
  const hasMore = rows.length > page.limit
  const nodes = rows.slice(0, page.limit)
  if (page.backward) nodes.reverse()
  const cursorOf = (row: R) => encodeCursor(field, keyOf(row))
  const [start, end] = [nodes[0], nodes.at(-1)]
  return {
    nodes,
    pageInfo: {
      hasNextPage: page.backward ? page.key !== undefined : hasMore,
      hasPreviousPage: page.backward ? hasMore : page.key !== undefined,
      startCursor: start === undefined ? null : cursorOf(start),
      endCursor: end === undefined ? null : cursorOf(end),
    },
    cursorOf,
  }
}

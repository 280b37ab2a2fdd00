// Ids of things that have no UUID of their own but are told apart by several values: opaque outside, and `node` takes
// them like any other.
import { isUuid } from './scalars.ts'

export type ComposedType = 'Reading' | 'Gateway' | 'DeviceProfile'
type Part = string | number | boolean

export const composedId = (type: ComposedType, ...parts: readonly Part[]): string =>
  Buffer.from(JSON.stringify([type, ...parts])).toString('base64url')

/** How many parts each has, and of which kind. */
const shapes: Readonly<Record<ComposedType, readonly ((part: unknown) => boolean)[]>> = {
  Reading: [isId, isInstant, isId, (part) => typeof part === 'boolean'],
  Gateway: [isId, isText],
  DeviceProfile: [isText, isText, isText],
}

function isText(part: unknown): boolean {
  return typeof part === 'string' && !part.includes('\0')
}
// Further from 1970 than Postgres goes.
const INSTANT_MS_MAX = 8e13
function isInstant(part: unknown): boolean {
  return Number.isSafeInteger(part) && Math.abs(part as number) < INSTANT_MS_MAX
}
function isId(part: unknown): boolean {
  return typeof part === 'string' && isUuid(part)
}

/** Undefined where it is no such id. */
export function parseComposedId(id: string): { type: ComposedType; parts: Part[] } | undefined {
  let value: unknown
  try {
    value = JSON.parse(Buffer.from(id, 'base64url').toString())
  } catch {
    return undefined
  }
  if (!Array.isArray(value)) return undefined
  const [type, ...parts] = value as [ComposedType, ...Part[]]
  const shape = Object.hasOwn(shapes, type) ? shapes[type] : undefined
  if (shape === undefined || parts.length !== shape.length) return undefined
  return shape.every((fits, index) => fits(parts[index])) ? { type, parts } : undefined
}

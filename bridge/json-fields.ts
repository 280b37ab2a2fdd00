// Reading fields of JSON that others wrote. The Things Stack omits empty and zero fields, so "absent" is a value here
// (undefined or null), and anything of a wrong form is told apart from it: it throws `WrongForm` where the field decides
// identity or a reading, and is null where it only describes.

export type JsonObject = { readonly [name: string]: unknown }

/** A field has a value that it cannot have. The message names the field, never more of the body than that. */
export class WrongForm extends Error {}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The object at a place where anything else says nothing. */
export const objectAt = (value: unknown): JsonObject => (isObject(value) ? value : {})

const isAbsent = (value: unknown): boolean => value === undefined || value === null || value === ''

/** Postgres refuses NUL in a text, and half a surrogate pair is no UTF-8: neither may travel further. */
export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.toWellFormed().replaceAll('\0', '�') : null
}

/** Upper-case hex digits of exactly this length, else null. */
export function hex(value: unknown, digits: number): string | null {
  return typeof value === 'string' && value.length === digits && /^[0-9a-f]+$/i.test(value)
    ? value.toUpperCase()
    : null
}

/** A finite number (or its digits as text, as protobuf writes 64 bits), else null. JSON's 1e400 is not finite. */
export function finite(value: unknown): number | null {
  const number = typeof value === 'string' && /^-?\d{1,20}(\.\d{1,20})?$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? number : null
}

/** The whole number inside the bounds, else null. */
export function wholeWithin(value: unknown, least: number, most: number): number | null {
  const number = finite(value)
  return number !== null && Number.isInteger(number) && number >= least && number <= most ? number : null
}

/** Absent is 0, as protobuf's JSON means it. */
export function requiredWhole(field: string, value: unknown, most: number): number {
  if (isAbsent(value)) return 0
  const number = wholeWithin(value, 0, most)
  if (number === null) throw new WrongForm(`${field} is not a whole number from 0 to ${most}`)
  return number
}

export function requiredFlag(field: string, value: unknown): boolean {
  if (isAbsent(value)) return false
  if (typeof value !== 'boolean') throw new WrongForm(`${field} is neither true nor false`)
  return value
}

/** Base64, either alphabet, with or without padding. What does not come back from its bytes is not base64. */
export function requiredBytes(field: string, value: unknown): Buffer {
  if (isAbsent(value)) return Buffer.alloc(0)
  if (typeof value !== 'string') throw new WrongForm(`${field} is not text`)
  const digits = value
    .replace(/={1,2}$/, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/')
  const bytes = Buffer.from(digits, 'base64')
  if (bytes.toString('base64').replace(/=+$/, '') !== digits) throw new WrongForm(`${field} is not base64`)
  return bytes
}

/** Part of ids that are joined by `|`, so nothing but base64's characters may be in it. */
export function requiredSessionKeyId(value: unknown): string | null {
  if (isAbsent(value)) return null
  if (typeof value === 'string' && /^[A-Za-z0-9+/_=-]{1,200}$/.test(value)) return value
  throw new WrongForm('session_key_id is not base64')
}

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?(Z|[+-]\d\d:\d\d)$/i

/**
 * UTC milliseconds of an RFC 3339 instant with any precision and offset (nanoseconds are cut, not rounded: an instant
 * never moves into the next window). Null where it is absent, or year 1: protobuf's way to write "not set".
 */
export function requiredInstantMs(field: string, value: unknown): number | null {
  if (isAbsent(value)) return null
  const match = typeof value === 'string' ? rfc3339.exec(value) : null
  if (match === null) throw new WrongForm(`${field} is not an RFC 3339 instant`)
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as Six
  if (year <= 1) return null
  const fractionMs = Number((match[7] ?? '').padEnd(3, '0').slice(0, 3))
  const localMs = Date.UTC(year, month - 1, day, hour, minute, second, fractionMs)
  const back = new Date(localMs)
  const isOnCalendar = back.getUTCMonth() === month - 1 && back.getUTCDate() === day && hour < 24
  const offset = offsetMinutes(match[8] ?? 'Z')
  if (!isOnCalendar || minute > 59 || second > 59 || offset === null || year < 100)
    throw new WrongForm(`${field} is no instant of the calendar`)
  return localMs - offset * 60_000
}

type Six = [number, number, number, number, number, number]

function offsetMinutes(zone: string): number | null {
  if (zone === 'Z' || zone === 'z') return 0
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(4, 6))]
  if (hours > 23 || minutes > 59) return null
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes)
}

/** Protobuf's duration (`0.056576s`) in ms, else null. */
export function durationMs(value: unknown): number | null {
  const match = typeof value === 'string' ? /^(\d{1,9}(?:\.\d{1,9})?)s$/.exec(value) : null
  return match ? Number(match[1]) * 1_000 : null
}

/** A JSON value as text again, null where there is nothing in it. */
export function jsonText(value: unknown): string | null {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : null
}

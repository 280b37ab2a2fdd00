// Numbers, durations and instants as people read them. Rounding happens here and nowhere before.

/** @typedef {'C' | 'F'} Unit */

const oneDigit = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 })
const short = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })
const minus = (/** @type {string} */ text) => text.replace('-', '−')

/** @param {number | null | undefined} degrees */
export const degrees = (degrees) => (degrees == null ? '–' : minus(oneDigit.format(degrees)))

/** @param {number | null | undefined} value @param {string} unit */
export const figure = (value, unit) => (value == null ? '–' : `${minus(short.format(value))}${unit}`)

/**
 * @param {{ temperatureMin: number | null, temperatureMax: number | null } | null} rule
 * @param {Unit} unit
 */
export function limits(rule, unit) {
  const { temperatureMin: min, temperatureMax: max } = rule ?? { temperatureMin: null, temperatureMax: null }
  if (min === null && max === null) return 'no limits'
  if (min === null) return `up to ${figure(max, ` °${unit}`)}`
  if (max === null) return `from ${figure(min, ` °${unit}`)}`
  return `${figure(min, '')} to ${figure(max, ` °${unit}`)}`
}

/** 42 s, 25 min, 3 h 10 min, 2 d 4 h. @param {number | null | undefined} seconds */
export function duration(seconds) {
  if (seconds == null) return '–'
  if (seconds < 60) return `${Math.floor(seconds)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  const days = Math.floor(hours / 24)
  return hours % 24 === 0 || days >= 14 ? `${days} d` : `${days} d ${hours % 24} h`
}

/** @param {string | null | undefined} instant @param {number} nowMs */
export function ago(instant, nowMs) {
  if (instant == null) return 'never'
  const seconds = (nowMs - Date.parse(instant)) / 1000
  return seconds < 60 ? 'just now' : `${duration(seconds)} ago`
}

/** @type {Map<string, Intl.DateTimeFormat>} */
const formats = new Map()

/** @param {string} timeZone @param {Intl.DateTimeFormatOptions} options */
function format(timeZone, options) {
  const key = timeZone + JSON.stringify(options)
  const known =
    formats.get(key) ?? new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', ...options })
  formats.set(key, known)
  return known
}

/** @typedef {string | number | Date} Instant */
/** @param {Instant} at @param {string} zone */
export const clock = (at, zone) => format(zone, { hour: '2-digit', minute: '2-digit' }).format(new Date(at))
/** @param {Instant} at @param {string} zone */
export const day = (at, zone) => format(zone, { day: 'numeric', month: 'short' }).format(new Date(at))
/** @param {Instant} at @param {string} zone */
export const month = (at, zone) => format(zone, { month: 'short', year: 'numeric' }).format(new Date(at))
/** @param {Instant} at @param {string} zone */
export const year = (at, zone) => format(zone, { year: 'numeric' }).format(new Date(at))
/** @param {Instant} at @param {string} zone */
export const weekday = (at, zone) =>
  format(zone, { weekday: 'short', day: 'numeric', month: 'short' }).format(new Date(at))

/**
 * The time today, else with its day, and in another year with that.
 * @param {Instant | null} at
 * @param {string} zone
 * @param {number} nowMs
 */
export function moment(at, zone, nowMs) {
  if (at == null) return '–'
  if (year(at, zone) !== year(nowMs, zone)) return `${day(at, zone)} ${year(at, zone)}, ${clock(at, zone)}`
  return day(at, zone) === day(nowMs, zone) ? clock(at, zone) : `${day(at, zone)}, ${clock(at, zone)}`
}

/** CET, GMT−6. @param {Instant} at @param {string} zone */
export function zoneName(at, zone) {
  const parts = format(zone, { timeZoneName: 'short' }).formatToParts(new Date(at))
  return minus(parts.find(({ type }) => type === 'timeZoneName')?.value ?? zone)
}

/** DISPLAY_CASE → Display case, WALK_IN_COOLER → Walk-in cooler. @param {string} name */
export const words = (name) =>
  name.charAt(0) + name.slice(1).toLowerCase().replaceAll('_', ' ').replace('alk in', 'alk-in')

/** The local date and hour, to place a window in a grid. @param {Instant} at @param {string} zone */
export function dayAndHour(at, zone) {
  const parts = format(zone, {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
  }).formatToParts(new Date(at))
  const part = (/** @type {string} */ type) => parts.find((one) => one.type === type)?.value ?? ''
  return { date: `${part('year')}-${part('month')}-${part('day')}`, hour: Number(part('hour')) }
}

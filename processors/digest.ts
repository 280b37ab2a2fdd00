// A digest of what went out, 53 bits, so that a revision is made only where the content changed. Not cryptographic.
import type { Sums } from './sums.ts'

const scratch = new Float64Array(1)
const words = new Uint32Array(scratch.buffer)

let high = 0
let low = 0

function begin(): void {
  high = 0x9e3779b9
  low = 0x85ebca6b
}

function word(value: number): void {
  high = Math.imul(high ^ value, 0xcc9e2d51)
  high ^= high >>> 15
  low = Math.imul(low ^ value ^ high, 0x1b873593)
  low ^= low >>> 13
}

function number(value: number): void {
  scratch[0] = value
  word(words[0] ?? 0)
  word(words[1] ?? 0)
}

function characters(value: string): number {
  for (let i = 0; i < value.length; i++) word(value.charCodeAt(i))
  return value.length
}

const text = (value: string): void => word(characters(value))

function numbers(values: readonly number[]): void {
  for (const value of values) number(value)
  word(values.length)
}

const end = (): number => (high >>> 0) * 0x200000 + (low >>> 11)

/** Of a record's fields, in their order, but for the revision itself. */
export function digestOfRecord(record: object): number {
  begin()
  for (const name in record) {
    if (name === 'revision') continue
    const value: unknown = record[name as keyof typeof record]
    if (typeof value === 'number') number(value)
    else if (Array.isArray(value)) numbers(value)
    else if (typeof value === 'string') text(value)
    else word(value === null ? 2 : Number(value))
  }
  return end()
}

export function digestOfSums(sums: Sums, isFinal: boolean, asOfMs: number): number {
  begin()
  word(isFinal ? 1 : 0)
  number(asOfMs)
  number(sums.count)
  number(sums.minC)
  number(sums.maxC)
  number(sums.sumC)
  number(sums.sumSquares)
  number(sums.knownMs)
  number(sums.weightedSum)
  number(sums.mktNumerator)
  number(sums.aboveMs)
  number(sums.belowMs)
  number(sums.degreeMinutesAbove)
  number(sums.degreeMinutesBelow)
  number(sums.outOfRange)
  number(sums.doorOpenings)
  number(sums.doorOpenMs)
  number(sums.humidityCount)
  number(sums.humiditySum)
  number(sums.humidityMin)
  number(sums.humidityMax)
  return end()
}

/** Of a value that identifies by content, such as the payload of an uplink without a session. */
export function digestOfText(value: string): number {
  begin()
  text(value)
  return end()
}

/** Of three values, as of the text `a|b|c`, which nobody makes for it. */
export function digestOfThree(a: unknown, b: unknown, c: unknown): number {
  begin()
  word(characters(`${a}`) + characters('|') + characters(`${b}`) + characters('|') + characters(`${c}`))
  return end()
}

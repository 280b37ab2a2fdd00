// Reading quantities out of JSON that a formatter made: numbers, "18℃", "2,5 V", {value, unit}. Whatever had to be assumed
// or left out is said in `warnings`.
import { type Measurement, noProbe } from './decoder.ts'

export type Json = Record<string, unknown>

// No sensor's range is known here: what no cold or hot store ever has is a broken probe (327.67, −127,
// 3276.7, 655.35).
const plausibleC = { lowest: -100, highest: 200 }
export const highestBatteryVolts = 5.5

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export type Quantity = { value: number; unit: string }

const quantityPattern = /^\s*([+-]?\d+(?:[.,]\d+)?)\s*([^\d\s].*)?$/

/** A number, "18℃", "2,5 V", or {value, unit}. Zero is a number like any other. */
export function quantity(value: unknown): Quantity | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? { value, unit: '' } : undefined
  if (typeof value === 'string') {
    const match = quantityPattern.exec(value)
    if (!match?.[1]) return undefined
    return { value: Number(match[1].replace(',', '.')), unit: (match[2] ?? '').trim() }
  }
  if (!isObject(value)) return undefined
  const inner = quantity(value.value)
  if (!inner) return undefined
  return typeof value.unit === 'string' ? { ...inner, unit: value.unit.trim() } : inner
}

const isFahrenheit = (unit: string) => /^(°?\s*f|℉|fahrenheit|degf)/i.test(unit)

export function celsius({ value, unit }: Quantity, name: string, warnings: string[]): Partial<Measurement> {
  const valueC = isFahrenheit(unit) ? Math.round(((value - 32) / 1.8) * 1e6) / 1e6 : value
  if (isFahrenheit(unit)) warnings.push(`${name} is in Fahrenheit and was converted.`)
  if (valueC < plausibleC.lowest || valueC > plausibleC.highest) {
    warnings.push(`${name} ${value} is no temperature: taken as a broken probe.`)
    return noProbe
  }
  return { temperature: valueC + 0 }
}

export function percentHumidity({ value }: Quantity, name: string, warnings: string[]): Partial<Measurement> {
  if (value >= 0 && value <= 100) return { humidity: value + 0 }
  warnings.push(`${name} ${value} is no relative humidity and was left out.`)
  return {}
}

export function batteryOf({ value, unit }: Quantity, name: string, warnings: string[]): Partial<Measurement> {
  const isPercent = unit.startsWith('%')
  const volts = /^mv/i.test(unit) ? value / 1000 : value
  if (!isPercent && volts > 0 && volts <= highestBatteryVolts) return { batteryVolts: volts }
  if (value >= 0 && value <= 100 && (isPercent || unit === '')) {
    if (!isPercent) warnings.push(`${name} ${value} is no voltage: taken as %.`)
    return { batteryPercent: value + 0 }
  }
  warnings.push(`${name} ${value} is neither volts nor % and was left out.`)
  return {}
}

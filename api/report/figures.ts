// Figures as a report prints them: local times of the site, degrees of the reader, durations that people say.
import { differenceIn, type TemperatureUnit, temperatureIn } from '../temperature.ts'

const absent = '–'

export type Figures = {
  at: (instant: Date | null) => string
  day: (instant: Date) => string
  degrees: (celsius: number | null) => string
  degreeMinutes: (celsiusMinutes: number) => string
}

export function figuresFor(timeZone: string, unit: TemperatureUnit): Figures {
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat('en-GB', {
      timeZone,
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      ...options,
    })
  const parts = (formatter: Intl.DateTimeFormat, instant: Date) =>
    Object.fromEntries(formatter.formatToParts(instant).map(({ type, value }) => [type, value]))
  const dayFormat = format({})
  // With its name, or one hour of an autumn night would stand for two.
  const timeFormat = format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short' })
  const day = (instant: Date) => {
    const { year, month, day } = parts(dayFormat, instant)
    return `${year}-${month}-${day}`
  }
  return {
    day,
    at(instant) {
      if (instant === null) return absent
      const { hour, minute, timeZoneName } = parts(timeFormat, instant)
      return `${day(instant)} ${hour}:${minute} ${timeZoneName}`
    },
    degrees: (celsius) => (celsius === null ? absent : `${temperatureIn(unit, celsius).toFixed(1)} °${unit}`),
    degreeMinutes: (celsiusMinutes) => `${differenceIn(unit, celsiusMinutes).toFixed(0)} °${unit}·min`,
  }
}

export function duration(seconds: number | null): string {
  if (seconds === null) return absent
  const minutes = Math.round(seconds / 60)
  const [days, hours] = [Math.floor(minutes / 1_440), Math.floor((minutes % 1_440) / 60)]
  const said = [days && `${days} d`, hours && `${hours} h`, `${minutes % 60} min`]
  return said.filter(Boolean).join(' ')
}

export const percent = (share: number | null): string =>
  share === null ? absent : `${(100 * share).toFixed(share > 0.999 && share < 1 ? 3 : 1)} %`

// What of an event is computed when it is told; everything else is a property of its row.
import { type TemperatureUnit, temperatureIn } from '../temperature.ts'

type Source = { temperatureC: number | null }

export const liveResolvers = {
  ReadingEvent: {
    temperature: ({ temperatureC }: Source, { unit }: { unit: TemperatureUnit }): number | null =>
      temperatureC === null ? null : temperatureIn(unit, temperatureC),
  },
}

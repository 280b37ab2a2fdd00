// °C inside; °F is a display choice of the reader, made where a field is answered.
export type TemperatureUnit = 'C' | 'F'

/** A temperature: 4 °C is 39.2 °F. */
export const temperatureIn = (unit: TemperatureUnit, celsius: number): number =>
  unit === 'F' ? celsius * 1.8 + 32 : celsius

/** A difference, or an integral of differences: 4 K are 7.2 °F, without the offset. */
export const differenceIn = (unit: TemperatureUnit, celsius: number): number =>
  unit === 'F' ? celsius * 1.8 : celsius

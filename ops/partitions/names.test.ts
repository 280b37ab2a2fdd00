import { expect, test } from 'vitest'
import { partitionOf } from './names.ts'

test.each([
  ['2024-11', 'sensor_readings_y2024m11'],
  ['sensor_readings_y2024m02', 'sensor_readings_y2024m02'],
  ['2024-11-05', 'events_2024_11_05'],
  ['events_2024_02_29', 'events_2024_02_29'],
])('%s is %s', (text, name) => {
  expect(partitionOf(text).name).toBe(name)
})

test.each(['2024', '2024-13', '2023-02-29', 'readings', 'sensor_readings_default', ''])(
  '"%s" is refused',
  (text) => {
    expect(() => partitionOf(text)).toThrow('names no partition')
  },
)

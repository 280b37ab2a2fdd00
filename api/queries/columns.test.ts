import { expect, test } from 'vitest'
import { pack } from '../testing/pack.ts'
import { asRows, type Columns, columnsFor } from './columns.ts'
import { sources } from './connections.ts'

const names = (text: string) => text.split(',').map((column) => /(\w+)"?$/.exec(column.trim())?.[1])

test('of the columns only those come that the fields and a cursor need', () => {
  expect(names(columnsFor(sources.rollups, new Set(['mkt', 'localStart', 'unitCount'])))).toEqual([
    ...['start', 'mktNumerator', 'mktDenominator'],
  ])
  expect(names(columnsFor(sources.readings, new Set(['temperature'])))).toEqual([
    ...['recordedAt', 'deviceId', 'temperatureC', 'simulated'],
  ])
})

test('columns become rows again: instants are instants, and null is null', () => {
  const columns = {
    temperatureC: pack('number', [4.5, null]),
    recordedAt: pack('instant', [1_000, 2_000]),
    doorOpen: [true, false],
  }
  expect(
    asRows([
      { parentId: 'a', ...columns },
      { parentId: 'b', temperatureC: null, recordedAt: null, doorOpen: null },
    ] as Columns[]),
  ).toEqual([
    { parentId: 'a', temperatureC: 4.5, recordedAt: new Date(1_000), doorOpen: true },
    { parentId: 'a', temperatureC: null, recordedAt: new Date(2_000), doorOpen: false },
  ])
})

test('nothing is left out where it cannot be told what is asked, or of other tables', () => {
  expect(columnsFor(sources.rollups, undefined)).toBe(sources.rollups.columns)
  expect(columnsFor(sources.excursions, new Set(['peak']))).toBe(sources.excursions.columns)
})

test('every field of the two has its columns', () => {
  const fields = [
    'granularity',
    'end',
    'isFinal',
    'revision',
    'asOf',
    'count',
    'coverage',
    'doorOpenSeconds',
    'humidityMean',
  ]
  expect(names(columnsFor(sources.rollups, new Set(fields)))).toEqual([
    ...[
      'granularity',
      'start',
      'end',
      'isFinal',
      'revision',
      'asOf',
      'count',
      'knownSeconds',
      'doorOpenSeconds',
    ],
    ...['humidityCount', 'humiditySum'],
  ])
})

import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { presets } from '../processors/presets.ts'
import { listed, shown } from './presets.ts'

test('every preset is listed, and shown with its source as YAML that a fleet file takes', () => {
  for (const { name, source, rule } of presets) {
    expect(listed()).toContain(name)
    expect(shown(name)).toContain(source)
    expect(parse(shown(name) ?? '')).toEqual({ rule })
  }
})

test('a name that is none is nothing', () => {
  expect(shown('who')).toBeUndefined()
})

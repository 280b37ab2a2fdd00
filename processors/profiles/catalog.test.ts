import { expect, test } from 'vitest'
import { allDecoders, decoderFor } from '../decoders/registry.ts'
import { byFirmware, profileFor, profiles } from './catalog.ts'
import type { Profile } from './profile.ts'

test('every profile names the decoder that its models get, or maps what the network decoded', () => {
  for (const { brand, models, decoder, mapping } of profiles) {
    for (const model of models)
      expect(decoderFor(brand, model)?.name ?? null, `${brand}/${model}`).toBe(decoder)
    expect(mapping === undefined, `${brand}/${models[0]}`).toBe(decoder !== null)
  }
})

test('every decoder has a profile', () => {
  const named = new Set(profiles.map(({ decoder }) => decoder))
  expect(allDecoders().filter(({ name }) => !named.has(name))).toEqual([])
})

test('a model has one profile of each firmware', () => {
  const keys = profiles.flatMap(({ brand, models, firmware }) =>
    models.map((model) => `${brand}/${model}/${firmware ?? ''}`),
  )
  expect(keys).toHaveLength(new Set(keys).size)
})

test('who gives a door says how it is told, and nobody else does', () => {
  for (const { name, gives, door } of profiles) expect(door !== undefined, name).toBe(gives.includes('door'))
})

test('a profile is found by the network’s ids, whatever their case, and by a vendor’s other name', () => {
  expect(profileFor('Dragino', 'LHT65N')?.decoder).toBe('dragino-lht65')
  expect(profileFor('milesight', 'em300-th')).toBe(profileFor('milesight-iot', 'em300-th'))
  expect(profileFor('dragino', 'toaster')).toBeUndefined()
})

test('a profile that names the firmware wins over one that names none', () => {
  const old: Profile = {
    brand: 'acme',
    models: ['thermo'],
    name: 'Thermo',
    decoder: 'thermo',
    expectedIntervalSeconds: null,
    gives: ['temperature'],
  }
  const renewed: Profile = { ...old, firmware: ['2.'], decoder: 'thermo-2' }
  expect(byFirmware([old, renewed], '2.1')).toBe(renewed)
  expect(byFirmware([old, renewed], '1.9')).toBe(old)
  expect(byFirmware([old, renewed], null)).toBe(old)
  expect(byFirmware([renewed], '1.9')).toBeUndefined()
})

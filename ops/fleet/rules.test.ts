import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Rule } from '../../schemas/generated/types.ts'
import { emptyRule, type RuleFields, resolveRules, ruleFieldNames } from './rules.ts'

const version = (validFrom: number, fields: Partial<RuleFields>): Rule => ({
  ...emptyRule,
  validFrom,
  ...fields,
})
const limits = (versions: readonly Rule[]) => versions.map((v) => [v.validFrom, v.tempMin, v.tempMax])

test('the narrowest set value of each field wins', () => {
  const organization = [version(0, { tempMin: 1, tempMax: 8, delayMinutes: 5 })]
  const site = [version(0, { tempMax: 7 })]
  const unit = [version(0, { tempMin: 2 })]
  expect(resolveRules([organization, site, unit])).toEqual([
    version(0, { tempMin: 2, tempMax: 7, delayMinutes: 5 }),
  ])
})

test('zero is a set value', () => {
  const unit = [version(0, { tempMin: 0, delayMinutes: 0 })]
  expect(resolveRules([[version(0, { tempMin: -5, delayMinutes: 9 })], unit])[0]).toMatchObject({
    tempMin: 0,
    delayMinutes: 0,
  })
})

test('a change in any scope makes a version at its instant, complete in itself', () => {
  const organization = [version(0, { tempMin: 1, tempMax: 8 }), version(300, { tempMin: 1, tempMax: 9 })]
  const unit = [version(100, { tempMax: 6 }), version(200, {})]
  expect(limits(resolveRules([organization, [], unit]))).toEqual([
    [0, 1, 8],
    [100, 1, 6],
    [200, 1, 8],
    [300, 1, 9],
  ])
})

test('a change that a narrower scope hides makes no version', () => {
  const organization = [version(0, { tempMax: 8 }), version(50, { tempMax: 9 })]
  expect(limits(resolveRules([organization, [version(0, { tempMax: 6 })]]))).toEqual([[0, null, 6]])
})

test('a removed unit has no limits from its removal on', () => {
  const unit = [version(0, { tempMax: 6 }), version(900, { tempMax: 5 })]
  expect(resolveRules([unit], 500)).toEqual([version(0, { tempMax: 6 }), version(500, {})])
})

test('nothing set anywhere gives no version', () => {
  expect(resolveRules([[], [], []])).toEqual([])
})

test('at every instant the resolved version is the fold of those valid then', () => {
  const versions = fc
    .uniqueArray(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.option(fc.integer({ min: 0, max: 9 }))), {
      selector: ([at]) => at,
      maxLength: 5,
    })
    .map((list) => list.sort((a, b) => a[0] - b[0]).map(([at, tempMax]) => version(at, { tempMax })))
  fc.assert(
    fc.property(
      fc.array(versions, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 0, max: 25 }),
      (scopes, at) => {
        const expected = scopes
          .map((scope) => scope.findLast((v) => v.validFrom <= at)?.tempMax ?? null)
          .reduce((wider, narrower) => narrower ?? wider, null)
        expect(resolveRules(scopes).findLast((v) => v.validFrom <= at)?.tempMax ?? null).toBe(expected)
      },
    ),
  )
})

test('the fields are those of the contract', () => {
  const contract = JSON.parse(readFileSync('schemas/unit-configs.avsc', 'utf8'))
  const fields = contract.fields.find((f: { name: string }) => f.name === 'versions').type.items.fields
  expect(['validFrom', ...ruleFieldNames]).toEqual(fields.map((f: { name: string }) => f.name))
})

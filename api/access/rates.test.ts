// Wrong keys of an address are counted, and the count ends with its minute.
import { expect, test } from 'vitest'
import { refusedRates } from './rates.ts'

test('after 600 wrong keys in a minute an address waits for the end of that minute, and nobody else does', () => {
  let nowMs = 0
  const rates = refusedRates(() => nowMs)
  for (let count = 0; count < 600; count++) {
    nowMs = count * 10
    rates.checkRefused('10.0.0.1')
    rates.countRefused('10.0.0.1')
  }
  expect(() => rates.checkRefused('10.0.0.1')).toThrow(/Too many wrong keys/)
  expect(() => rates.checkRefused('10.0.0.2')).not.toThrow()
  nowMs = 59_999
  expect(() => rates.checkRefused('10.0.0.1')).toThrow(/Too many wrong keys/)
  nowMs = 60_000
  expect(() => rates.checkRefused('10.0.0.1')).not.toThrow()
})

test('a flood from many addresses takes no memory without end', () => {
  const rates = refusedRates(() => 0)
  for (let address = 0; address < 25_000; address++) rates.countRefused(String(address))
  // Begun anew at 10,000 and 20,000: who was counted before then is not any more.
  for (let count = 0; count < 599; count++) rates.countRefused('0')
  expect(() => rates.checkRefused('0')).not.toThrow()
})

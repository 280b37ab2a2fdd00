import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Lz4Decoder } from './lz4.ts'

const bytesOf = (base64: string): Buffer => Buffer.from(base64, 'base64')

// Made with lz4 1.9.4. By `lz4`:
const cold = bytesOf('BCJNGGRApxYAAAAfYQEATPAAIGNvbGQgY29sZCBjb2xkAAAAAAE/LiE=')
const coldText = `${'a'.repeat(96)} cold cold cold`

// By `lz4 -BX --content-size`, of bytes that it cannot make fewer:
const stored = bytesOf('BCJNGHRAvSgAAIB5Qr3yIQbwhHdi8PPLTXZNxwcgURWaD4nyxtrK40S7MRJF/W+E35rXhFFRKAAAAACEUVEo')
const storedHex = '7942bdf22106f0847762f0f3cb4d764dc7072051159a0f89f2c6dacae344bb311245fd6f84df9ad7'

// By `lz4 -9 -B4 -BD`: the second block goes back into the first.
const linked = bytesOf(
  [
    'BCJNGERAXqsBAADxB2ZyaWRnZSBkb29yIDUuNCBjbG9zZWQLAAEUAA8gAAQDBwADHgBULTE4LjINAEJvcGVuMAABCgACHAAHVwAP',
    'NAALBWkAARMAD0IACgALAAIcAAE1AAILAAIGAAE4AAMnAAhjAAoTAANTAAZ4AA8RABYPWwAOB7kADaMAC8MAA1MAB7kAAQUABYIB',
    'BksBDjoBD0IABQ80AAsKxAEP6wEFDiAADysC////////////////////////////////////////////////////////////////',
    '////////////////////////////////////////////////////////////////////////////////////////////////////',
    '////////////////////////////////////////////////////////////////////////////////////////////////////',
    '//////////////////////////////////////////////////////////////////////////+6UG9yIDUuFgAAAA8rAv//////',
    '/////////yxQMTguMiAAAAAAUS2Vng==',
  ].join(''),
)
const words = ['fridge', 'door', 'open', 'closed', '5.4', '-18.2']
const linkedText = Array.from({ length: 12_000 }, (_, i) => `${words[((i * i) % 97) % 6]} `).join('')

const decoded = (frame: Buffer): Buffer => new Lz4Decoder().decode(frame, 0, frame.length)

test('frames of the lz4 tool: compressed, stored, of several blocks', () => {
  expect(decoded(cold).toString()).toBe(coldText)
  expect(decoded(stored).toString('hex')).toBe(storedHex)
  expect(decoded(linked).toString()).toBe(linkedText)
})

test('a frame may lie anywhere, and a decoder is used again', () => {
  const decoder = new Lz4Decoder()
  const around = Buffer.concat([stored, cold, linked])
  const coldFrom = stored.length
  expect(decoder.decode(around, coldFrom + cold.length, around.length).toString()).toBe(linkedText)
  expect(decoder.decode(around, coldFrom, coldFrom + cold.length).toString()).toBe(coldText)
})

test('a frame that is cut off is refused, wherever that is', () => {
  for (let to = 0; to < cold.length - 4; to++)
    expect(() => new Lz4Decoder().decode(cold, 0, to)).toThrow('not LZ4')
})

test('what is not LZ4 is refused, or decoded to no more than its blocks may have', () => {
  const frame = fc.constantFrom(cold, stored, linked)
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 })
  const property = fc.property(frame, changes, (sound, changed) => {
    const damaged = Buffer.from(sound)
    for (const [at, byte] of changed) damaged[7 + (at % (damaged.length - 7))] = byte
    try {
      expect(decoded(damaged).length).toBeLessThan(1_000_000)
    } catch (error) {
      expect(String(error)).toMatch(/not LZ4/)
    }
  })
  fc.assert(property, { numRuns: 2_000 })
})

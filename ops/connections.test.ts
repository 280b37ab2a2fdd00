import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { openConnections } from '../bridge/connections.ts'
import { hashOfKey, readConnections, writeConnections } from '../bridge/connections-file.ts'
import { addConnection, removeConnection, retireKey, rotateKey } from './connections.ts'

const dir = mkdtempSync(join(tmpdir(), 'coldstream-connections-'))
afterAll(() => rmSync(dir, { recursive: true }))
const now = new Date('2026-11-21T12:00:00Z')

test('a key is rotated without a gap, in a bridge that goes on running, and the file opens nothing', async () => {
  const path = join(dir, 'connections.json')
  const first = addConnection(new Map(), 'north', now)
  writeConnections(path, first.connections)
  const { keys, stop } = openConnections(new Map([['fixed', ['a-key-of-sixteen-letters']]]), path, () => {})
  try {
    expect(keys.isValid('north', first.key)).toBe(true)
    expect(keys.isValid('north', hashOfKey(first.key))).toBe(false)
    expect(keys.isValid('fixed', 'a-key-of-sixteen-letters')).toBe(true)
    expect(readFileSync(path, 'utf8')).not.toContain(first.key)
    expect(statSync(path).mode & 0o777).toBe(0o600)

    const second = rotateKey(readConnections(path), 'north', now)
    writeConnections(path, second.connections)
    await vi.waitFor(() => expect(keys.isValid('north', second.key)).toBe(true), { timeout: 5_000 })
    expect(keys.isValid('north', first.key)).toBe(true)
    expect(() => rotateKey(second.connections, 'north', now)).toThrow(/retire/)

    writeConnections(path, retireKey(second.connections, 'north'))
    await vi.waitFor(() => expect(keys.isValid('north', first.key)).toBe(false), { timeout: 5_000 })
    expect(keys.isValid('north', second.key)).toBe(true)
  } finally {
    stop()
  }
})

test('a file that breaks under a running bridge changes nothing, and is told', async () => {
  const path = join(dir, 'broken.json')
  const { connections, key } = addConnection(new Map(), 'north', now)
  writeConnections(path, connections)
  const told: string[] = []
  const { keys, stop } = openConnections(new Map(), path, (_, message) => told.push(message))
  try {
    writeFileSync(path, '{"north": [')
    await vi.waitFor(() => expect(told).toEqual(['the connections stay as they were']), { timeout: 5_000 })
    expect(keys.isValid('north', key)).toBe(true)
  } finally {
    stop()
  }
})

test('what cannot be meant is refused with what to do', () => {
  const { connections } = addConnection(new Map(), 'north', now)
  expect(() => addConnection(connections, 'north', now)).toThrow(/rotate/)
  expect(() => addConnection(connections, 'no/rth', now)).toThrow(/letters, digits/)
  expect(() => retireKey(connections, 'north')).toThrow(/only one key/)
  expect(() => removeConnection(connections, 'south')).toThrow(/no connection south/)
  expect(removeConnection(connections, 'north').size).toBe(0)
  const path = join(dir, 'plain.json')
  writeFileSync(path, '{"north": [{"hash": "a-plain-key-0000000", "addedAt": "2026-11-21"}]}')
  expect(() => readConnections(path)).toThrow(/each with a hash/)
  writeFileSync(path, JSON.stringify(Object.fromEntries(connections)))
  expect(() => openConnections(new Map([['north', ['a-key-of-sixteen-letters']]]), path, () => {})).toThrow(
    /both name north/,
  )
})

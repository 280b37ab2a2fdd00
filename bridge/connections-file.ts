// The connections that `coldstream connections` keeps: names, and hashes of their keys. Whoever reads the file can post
// nothing with it. A plain hash will do, without salt or stretching: the keys are made by us, 256 random bits each.

import { hash, randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  unwatchFile,
  watchFile,
  writeSync,
} from 'node:fs'
import { PipelineError } from '../schemas/failure.ts'
import { keysMax } from './api-keys.ts'
import { isObject } from './json-fields.ts'

/** `hash` as in BRIDGE_CONNECTIONS: `sha256:<hex>`. */
export type StoredKey = { hash: string; addedAt: string }
/** The newest key last. */
export type StoredConnections = ReadonlyMap<string, readonly StoredKey[]>

export const newKey = (): string => randomBytes(32).toString('base64url')
export const hashOfKey = (key: string): string => `sha256:${hash('sha256', key)}`

const namePattern = /^[A-Za-z0-9_-]{1,64}$/
const pollMs = 1_000

const unusable = (path: string, reason: string) =>
  new PipelineError('CONFIG_INVALID', {
    problems: [`The connections file ${path} cannot be used: ${reason}.`],
  })

/** Throws CONFIG_INVALID. A file that is not there yet holds none where `isOptional`. */
export function readConnections(path: string, { isOptional = false } = {}): StoredConnections {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (isOptional && code === 'ENOENT') return new Map()
    throw unusable(path, code === 'ENOENT' ? 'it is not there' : `it cannot be read (${code})`)
  }
  return connectionsIn(path, text)
}

function connectionsIn(path: string, text: string): StoredConnections {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw unusable(path, 'it is not JSON')
  }
  if (!isObject(value)) throw unusable(path, 'it is not an object of names')
  return new Map(
    Object.entries(value).map(([name, keys]) => {
      if (!namePattern.test(name)) throw unusable(path, `${JSON.stringify(name)} is no name`)
      if (!Array.isArray(keys) || keys.length < 1 || keys.length > keysMax || !keys.every(isStoredKey))
        throw unusable(path, `${name} needs one or ${keysMax} keys, each with a hash`)
      return [name, keys]
    }),
  )
}

const isStoredKey = (key: unknown): key is StoredKey =>
  isObject(key) && /^sha256:[0-9a-f]{64}$/.test(String(key.hash)) && typeof key.addedAt === 'string'

/** The old file or the new one, whatever happens in between. */
export function writeConnections(path: string, connections: StoredConnections): void {
  const beside = `${path}.${process.pid}.new`
  const file = openSync(beside, 'w', 0o600)
  try {
    writeSync(file, `${JSON.stringify(Object.fromEntries(connections), null, 2)}\n`)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(beside, path)
}

/** Calls `onChange` after each change of the file; the returned function ends that. */
export function watchConnections(path: string, onChange: () => void): () => void {
  const listener = () => onChange()
  watchFile(path, { interval: pollMs, persistent: false }, listener)
  return () => unwatchFile(path, listener)
}

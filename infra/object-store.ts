// Where files go that outlive the database: archives of dropped partitions, backups. A folder, or a bucket of anything that
// speaks S3. An object is there whole or not at all: a stream that fails on the way leaves nothing under its name.
import { createHash } from 'node:crypto'
import { Readable, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { openFolder } from './object-store/folder.ts'
import { openBucket, type S3Settings } from './object-store/s3.ts'

export type StoredObject = { key: string; bytes: number; modifiedAt: Date }

/** What a folder and a bucket must do; `put` rejects, and leaves nothing, where `body` fails. */
export type ObjectBackend = {
  /** As a person knows it, without secrets. */
  name: string
  put(key: string, body: Readable): Promise<void>
  get(key: string): Promise<Readable>
  list(prefix: string): Promise<StoredObject[]>
  remove(key: string): Promise<void>
  /** How full it is; undefined where nobody knows, as in a bucket. */
  usage(): Promise<{ usedBytes: number; totalBytes: number } | undefined>
}

export type Stored = { bytes: number; sha256: string }

export type ObjectStore = Omit<ObjectBackend, 'put'> & {
  /** What was stored, measured on the way in. A producer that fails must destroy the stream with its error. */
  put(key: string, body: Readable): Promise<Stored>
  putText(key: string, text: string): Promise<Stored>
  getText(key: string): Promise<string>
}

/** Thrown for an address that is neither a folder nor a bucket, and for an object that is not there. */
export class ObjectStoreError extends Error {}

/** `s3://bucket/prefix`, `file:///folder` or an absolute path. */
export function openObjectStore(address: string, s3: S3Settings = {}): ObjectStore {
  const backend = openBackend(address, s3)
  const put = async (key: string, body: Readable): Promise<Stored> => {
    checkKey(key)
    const meter = new Meter()
    // Both ends must end well: a producer that fails destroys the meter, and with it the upload.
    await Promise.all([pipeline(body, meter), backend.put(key, meter)])
    return { bytes: meter.bytes, sha256: meter.sha256() }
  }
  return {
    ...backend,
    put,
    putText: (key, text) => put(key, Readable.from([Buffer.from(text)])),
    getText: async (key) => {
      const parts: Buffer[] = []
      for await (const part of await backend.get(key)) parts.push(part as Buffer)
      return Buffer.concat(parts).toString('utf8')
    },
  }
}

function openBackend(address: string, s3: S3Settings): ObjectBackend {
  if (address.startsWith('/')) return openFolder(address)
  const url = URL.canParse(address) ? new URL(address) : undefined
  if (url?.protocol === 'file:' && url.hostname === '') return openFolder(decodeURIComponent(url.pathname))
  if (url?.protocol === 's3:' && url.hostname !== '')
    return openBucket(url.hostname, url.pathname.replace(/^\/+|\/+$/g, ''), s3)
  throw new ObjectStoreError(
    'The address of an object store is s3://bucket/prefix, file:///folder or /folder.',
  )
}

function checkKey(key: string): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.=-]*(\/[A-Za-z0-9_][A-Za-z0-9_.=-]*)*$/.test(key))
    throw new ObjectStoreError(`${key} is no name for an object: letters, digits, ._=- in folders by /.`)
}

class Meter extends Transform {
  readonly #hash = createHash('sha256')
  bytes = 0

  override _transform(chunk: Buffer, _encoding: string, done: (error: null, chunk: Buffer) => void): void {
    this.bytes += chunk.length
    this.#hash.update(chunk)
    done(null, chunk)
  }

  sha256(): string {
    return this.#hash.digest('hex')
  }
}

// Objects as files of a folder. A file gets its name only once it is written and on the disk.
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { ObjectBackend, StoredObject } from '../object-store.ts'

const PARTIAL = '.partial'

export function openFolder(folder: string): ObjectBackend {
  return {
    name: folder,

    async put(key, body) {
      const path = join(folder, key)
      await mkdir(dirname(path), { recursive: true })
      const partial = `${path}.${process.pid}-${counter++}${PARTIAL}`
      try {
        await pipeline(body, createWriteStream(partial, { flags: 'wx', flush: true, mode: 0o640 }))
        await rename(partial, path)
        await syncFolder(dirname(path))
      } catch (error) {
        await rm(partial, { force: true })
        throw error
      }
    },

    async get(key) {
      const path = join(folder, key)
      await stat(path) // a missing file is told here, not by the stream
      return createReadStream(path)
    },

    async list(prefix) {
      const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(noEntries)
      const files = entries.filter((entry) => entry.isFile() && !entry.name.endsWith(PARTIAL))
      const found: StoredObject[] = []
      for (const { parentPath, name } of files) {
        const path = join(parentPath, name)
        const key = relative(folder, path).split(sep).join('/')
        if (!key.startsWith(prefix)) continue
        const { size, mtime } = await stat(path)
        found.push({ key, bytes: size, modifiedAt: mtime })
      }
      return found.sort((a, b) => (a.key < b.key ? -1 : 1))
    },

    remove: (key) => rm(join(folder, key), { force: true }),

    async usage() {
      await mkdir(folder, { recursive: true })
      const { blocks, bavail, bsize } = await statfs(folder)
      return { usedBytes: (blocks - bavail) * bsize, totalBytes: blocks * bsize }
    },
  }
}

let counter = 0

function noEntries(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return []
  throw error
}

/** Without it the name may be gone after a power failure, though the bytes are there. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

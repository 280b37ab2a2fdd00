// Writes frames into numbered files, one after the other. Frames that come while one write is under way are written and
// synced together by the next: a disk that syncs a hundred times a second still takes thousands of records.
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { PipelineError } from '../../schemas/failure.ts'
import type { Warn } from '../deliveries.ts'

export type SpoolFile = { path: string; bytes: number }

export type SpoolWriter = {
  /** Resolves once the frame is on the disk. */
  append(frame: Buffer): Promise<void>
  /** Ends the open file, once everything appended so far is in it. */
  seal(): Promise<void>
  /** In the open file and on the way to it. */
  bytes(): number
  waitingBytes(): number
}

export type OpenFile = (path: string) => Promise<Pick<FileHandle, 'appendFile' | 'datasync' | 'close'>>

export type WriterOptions = {
  dir: string
  firstNumber: number
  fileBytesMax: number
  openFile: OpenFile
  onSealed: (file: SpoolFile) => void
  warn: Warn
}

type Waiting = { frame: Buffer; resolve: () => void; reject: (error: Error) => void }

export function spoolWriter({
  dir,
  firstNumber,
  fileBytesMax,
  openFile,
  onSealed,
  warn,
}: WriterOptions): SpoolWriter {
  let nextNumber = firstNumber
  let current: (SpoolFile & { handle: Awaited<ReturnType<OpenFile>> }) | null = null
  let waiting: Waiting[] = []
  let waitingBytes = 0
  let writing: Promise<void> | null = null

  async function writeWaiting(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting
      const frames = Buffer.concat(batch.map(({ frame }) => frame))
      waiting = []
      try {
        await write(frames)
        for (const { resolve } of batch) resolve()
      } catch (error) {
        // Nobody knows how much of it is on the disk: the rest goes into another file.
        await endFile()
        const failure = refusedBy(error)
        for (const { reject } of batch) reject(failure)
      }
      waitingBytes -= frames.length
    }
    // At once, not in a later turn: whoever appends next must start the writing anew.
    writing = null
  }

  async function write(frames: Buffer): Promise<void> {
    current ??= await newFile()
    const file = current
    file.bytes += frames.length
    await file.handle.appendFile(frames)
    await file.handle.datasync()
    if (file.bytes >= fileBytesMax) await endFile()
  }

  async function newFile() {
    const path = join(dir, `${String(nextNumber).padStart(12, '0')}.spool`)
    nextNumber += 1
    const handle = await openFile(path)
    await syncFolder(dir)
    return { path, bytes: 0, handle }
  }

  async function endFile(): Promise<void> {
    if (current === null) return
    const { handle, ...file } = current
    current = null
    onSealed(file)
    await handle.close().catch(() => {}) // synced already, or given up
  }

  function refusedBy(error: unknown): PipelineError {
    const { code } = error as NodeJS.ErrnoException
    warn({ dir, code }, 'the spool cannot be written: senders are told to come back')
    return new PipelineError('BRIDGE_OVERLOADED', { reason: `the spool cannot be written (${code})` }, error)
  }

  return {
    append(frame) {
      waitingBytes += frame.length
      return new Promise((resolve, reject) => {
        waiting.push({ frame, resolve, reject })
        writing ??= writeWaiting()
      })
    },
    async seal() {
      await writing
      await endFile()
    },
    bytes: () => (current?.bytes ?? 0) + waitingBytes,
    waitingBytes: () => waitingBytes,
  }
}

/** A new file is there after a power cut only if its folder is synced, too. */
async function syncFolder(dir: string): Promise<void> {
  const folder = await open(dir, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

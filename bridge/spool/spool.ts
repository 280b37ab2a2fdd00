// Records on disk, for the time in which Kafka is away: files of a few megabytes in one folder, written one after the other
// and read in the same order. A record is kept once it is synced to the disk, together with whatever came meanwhile.
//
//   append ──write, sync──▶ open file ──full, or wanted by the reader──▶ sealed files ──▶ oldest() ──▶ drop
//
// After a start nothing is appended to an old file: what a crash has cut off stays at the end of its file and hurts nobody.
import { readdirSync, statSync } from 'node:fs'
import { open, readFile, rename, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { PipelineError } from '../../schemas/failure.ts'
import type { LogRecord } from '../acknowledged-log.ts'
import type { Warn } from '../deliveries.ts'
import { frameOf, framesIn } from './frames.ts'
import { takeFolder } from './owner.ts'
import { type OpenFile, type SpoolFile, spoolWriter } from './writer.ts'

export type Spool = {
  /** Resolves once the record is on the disk. Throws BRIDGE_OVERLOADED where it is full, or the disk refuses. */
  append(record: LogRecord): Promise<void>
  /** The oldest file's records, in order; null where there are none. The same again until it is dropped. */
  oldest(): Promise<OldestFile | null>
  isEmpty(): boolean
  isFull(): boolean
  bytes(): number
  close(): Promise<void>
}

export type OldestFile = {
  bytes: number
  records: LogRecord[]
  /** It is done with. Where not every record of it could be, it is kept under another name, for a person. */
  drop(isWhole: boolean): Promise<void>
}

export type SpoolOptions = {
  dir: string
  bytesMax: number
  fileBytesMax?: number
  warn: Warn
  /** For tests of a disk that refuses. */
  openFile?: OpenFile
}

/** In memory, before they are on the disk. */
const waitingBytesMax = 32 * 1024 * 1024
const fileName = /^(\d{12})\.spool$/
const overloaded = (reason: string) => Promise.reject(new PipelineError('BRIDGE_OVERLOADED', { reason }))

/** Throws SPOOL_UNUSABLE, also where another bridge has the folder. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const { dir, bytesMax, fileBytesMax = 8 * 1024 * 1024, warn } = options
  const release = await takeFolder(dir)
  const sealed = leftFiles(dir)
  const writer = spoolWriter({
    dir,
    firstNumber: nextFileNumber(dir),
    fileBytesMax,
    openFile: options.openFile ?? ((path) => open(path, 'ax', 0o600)),
    onSealed: (file) => sealed.push(file),
    warn,
  })
  const bytes = () => sealed.reduce((sum, file) => sum + file.bytes, writer.bytes())

  async function drop(file: SpoolFile, isWhole: boolean): Promise<void> {
    if (isWhole) await unlink(file.path)
    // A torn end was never acknowledged; what a disk has changed may have been. Somebody may want to look.
    else await rename(file.path, `${file.path}.damaged`)
    sealed.splice(sealed.indexOf(file), 1)
  }

  return {
    append(record) {
      const frame = frameOf(record)
      if (bytes() + frame.length > bytesMax) return overloaded('the spool is full')
      if (writer.waitingBytes() > waitingBytesMax) return overloaded('the disk of the spool is slow')
      return writer.append(frame)
    },
    async oldest() {
      if (sealed.length === 0) await writer.seal()
      const file = sealed[0]
      if (file === undefined) return null
      const { records, damagedBytes } = framesIn(await readFile(file.path))
      if (damagedBytes > 0)
        warn({ path: file.path, damagedBytes }, 'a file of the spool ends in what is no record')
      return { bytes: file.bytes, records, drop: (isWhole) => drop(file, isWhole && damagedBytes === 0) }
    },
    isEmpty: () => sealed.length === 0 && writer.bytes() === 0,
    isFull: () => bytes() >= bytesMax,
    bytes,
    async close() {
      await writer.seal()
      release()
    },
  }
}

/** Left by an earlier run, the oldest first. */
function leftFiles(dir: string): SpoolFile[] {
  const names = readdirSync(dir).filter((name) => fileName.test(name))
  return names.sort().map((name) => ({ path: join(dir, name), bytes: statSync(join(dir, name)).size }))
}

/** Also behind those that were set aside: a name is never used twice. */
const nextFileNumber = (dir: string): number =>
  Math.max(0, ...readdirSync(dir).map((name) => Number(/^(\d{12})\.spool/.exec(name)?.[1] ?? 0))) + 1

// Encryption of a backup on its way, without knowing its length: pieces of 64 KiB, each sealed by AES-256-GCM under a key
// of the backup's own. A piece's number and whether it is the last one are its nonce, so pieces that were swapped,
// repeated, left out or cut off at the end do not open.
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { Transform, type TransformCallback } from 'node:stream'
import { PipelineError } from '../../schemas/failure.ts'

export type BackupKey = { id: string; secret: Buffer }

const MAGIC = Buffer.from('coldstream-sealed-1\n')
const SALT_BYTES = 32
const HEAD_BYTES = MAGIC.length + SALT_BYTES
const PIECE_BYTES = 64 * 1024
const TAG_BYTES = 16
const CIPHER = 'aes-256-gcm'
const KEY_LINE = /^coldstream-backup-key-1:([A-Za-z0-9_-]{43})$/

/** A new key, written where only its owner reads it. A file that is there is never written over. */
export function makeKeyFile(path: string): BackupKey {
  const secret = randomBytes(32)
  writeFileSync(path, `coldstream-backup-key-1:${secret.toString('base64url')}\n`, {
    mode: 0o600,
    flag: 'wx',
  })
  return keyOf(secret)
}

/** The first seals; any of them opens what was sealed with it, so that a key can be replaced. */
export function readKeyFile(path: string): BackupKey[] {
  const lines = readFileSync(path, 'utf8').split(/\r?\n/)
  const keys = lines.flatMap((line) => {
    const secret = KEY_LINE.exec(line.trim())?.[1]
    return secret === undefined ? [] : [keyOf(Buffer.from(secret, 'base64url'))]
  })
  if (keys.length > 0) return keys
  throw new PipelineError('BACKUP_IMPOSSIBLE', {
    reason: `${path} holds no key: make one with \`coldstream backup key ${path}\``,
  })
}

const keyOf = (secret: Buffer): BackupKey => ({
  id: createHash('sha256').update(secret).digest('hex').slice(0, 12),
  secret,
})

function pieceKey(secret: Buffer, salt: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, 'coldstream backup', 32))
}

/** 11 bytes of the piece's number, and whether it is the last one. */
function nonceOf(index: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeBigUInt64BE(BigInt(index), 3)
  nonce[11] = isLast ? 1 : 0
  return nonce
}

/** Cuts the stream into pieces of one size; the last one, which may be shorter, is known only at the end. */
abstract class Pieces extends Transform {
  #held: Buffer[] = []
  #heldBytes = 0
  #index = 0
  readonly #pieceBytes: number

  constructor(pieceBytes: number) {
    super()
    this.#pieceBytes = pieceBytes
  }

  protected abstract piece(piece: Buffer, index: number, isLast: boolean): Buffer

  protected takePieces(chunk: Buffer): void {
    this.#held.push(chunk)
    this.#heldBytes += chunk.length
    if (this.#heldBytes <= this.#pieceBytes) return
    const all = Buffer.concat(this.#held)
    let from = 0
    for (; all.length - from > this.#pieceBytes; from += this.#pieceBytes)
      this.push(this.piece(all.subarray(from, from + this.#pieceBytes), this.#index++, false))
    this.#held = [all.subarray(from)]
    this.#heldBytes = all.length - from
  }

  protected takeLast(): void {
    this.push(this.piece(Buffer.concat(this.#held), this.#index++, true))
  }
}

class Sealing extends Pieces {
  readonly #key: Buffer

  constructor({ secret }: BackupKey) {
    super(PIECE_BYTES)
    const salt = randomBytes(SALT_BYTES)
    this.#key = pieceKey(secret, salt)
    this.push(Buffer.concat([MAGIC, salt]))
  }

  protected piece(piece: Buffer, index: number, isLast: boolean): Buffer {
    const cipher = createCipheriv(CIPHER, this.#key, nonceOf(index, isLast))
    return Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()])
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    this.takePieces(chunk)
    done()
  }

  override _flush(done: TransformCallback): void {
    this.takeLast()
    done()
  }
}

class Opening extends Pieces {
  readonly #secret: Buffer
  #head: Buffer = Buffer.alloc(0)
  #key: Buffer | undefined

  constructor({ secret }: BackupKey) {
    super(PIECE_BYTES + TAG_BYTES)
    this.#secret = secret
  }

  protected piece(piece: Buffer, index: number, isLast: boolean): Buffer {
    if (this.#key === undefined || piece.length < TAG_BYTES) throw damaged('it is cut off')
    const cipher = createDecipheriv(CIPHER, this.#key, nonceOf(index, isLast))
    cipher.setAuthTag(piece.subarray(piece.length - TAG_BYTES))
    const text = cipher.update(piece.subarray(0, piece.length - TAG_BYTES))
    try {
      return Buffer.concat([text, cipher.final()])
    } catch (error) {
      throw damaged(
        `piece ${index} does not open: it was changed or cut off, or the key is another one`,
        error,
      )
    }
  }

  override _transform(chunk: Buffer, _encoding: string, done: TransformCallback): void {
    try {
      this.takePieces(this.#key === undefined ? this.#takeHead(chunk) : chunk)
      done()
    } catch (error) {
      done(error as Error)
    }
  }

  /** What follows the head. */
  #takeHead(chunk: Buffer): Buffer {
    this.#head = Buffer.concat([this.#head, chunk])
    if (this.#head.length < HEAD_BYTES) return Buffer.alloc(0)
    if (!this.#head.subarray(0, MAGIC.length).equals(MAGIC))
      throw damaged('it does not begin like a sealed one')
    this.#key = pieceKey(this.#secret, this.#head.subarray(MAGIC.length, HEAD_BYTES))
    return this.#head.subarray(HEAD_BYTES)
  }

  override _flush(done: TransformCallback): void {
    try {
      this.takeLast()
      done()
    } catch (error) {
      done(error as Error)
    }
  }
}

export const sealing = (key: BackupKey): Transform => new Sealing(key)
export const opening = (key: BackupKey): Transform => new Opening(key)

const damaged = (reason: string, cause?: unknown) => new PipelineError('BACKUP_DAMAGED', { reason }, cause)

// One connection to one broker: requests of Kafka's protocol and their answers, as bytes. One request at a time.
// https://kafka.apache.org/protocol.html
import { connect as connectPlain, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'

const NO_CLIENT_NAME = -1
const LENGTH_BYTES = 4
/** length | kind, version, id, client's name */
const REQUEST_HEAD_BYTES = LENGTH_BYTES + 10
/** length | id */
const ANSWER_HEAD_BYTES = LENGTH_BYTES + 4
const ANSWER_WITHIN_MS = 10_000
const FIRST_BYTES = 64 * 1024
const READ_BYTES = 512 * 1024

export type Endpoint = {
  host: string
  port: number
  /** Null: not encrypted. */
  tls: ConnectionOptions | null
}

/** A kind of request, in the version that is written and read here. */
export type Api = { key: number; version: number }

type Waiting = { resolve: () => void; reject: (error: Error) => void }

export class BrokerConnection {
  readonly #socket: Socket
  #bytes = Buffer.allocUnsafeSlow(FIRST_BYTES)
  #used = 0
  #waiting: Waiting | null = null
  #failure: Error | null = null
  #correlationId = 0

  private constructor(endpoint: Endpoint) {
    this.#socket = socketTo(endpoint, (chunk) => this.#take(chunk))
    this.#socket.on('error', (error) => this.#fail(error))
    this.#socket.on('close', () => this.#fail(new Error('The broker has closed the connection')))
  }

  /** Rejects where nobody answers. */
  static async open(endpoint: Endpoint): Promise<BrokerConnection> {
    const connection = new BrokerConnection(endpoint)
    const isOpen = endpoint.tls === null ? 'connect' : 'secureConnect'
    await connection.#answered(() => connection.#socket.once(isOpen, () => connection.#settle()))
    return connection
  }

  /** The body of the answer: a view, until the next request. */
  async ask({ key, version }: Api, body: Buffer): Promise<Buffer> {
    const head = Buffer.allocUnsafe(REQUEST_HEAD_BYTES)
    head.writeInt32BE(REQUEST_HEAD_BYTES - LENGTH_BYTES + body.length)
    head.writeInt16BE(key, 4)
    head.writeInt16BE(version, 6)
    head.writeInt32BE(++this.#correlationId, 8)
    head.writeInt16BE(NO_CLIENT_NAME, 12)
    this.#used = 0
    await this.#answered(() => this.#socket.write(Buffer.concat([head, body])))
    return this.#bytes.subarray(ANSWER_HEAD_BYTES, this.#used)
  }

  close(): void {
    this.#socket.destroy()
  }

  async #answered(begin: () => void): Promise<void> {
    const late = setTimeout(
      () => this.#socket.destroy(new Error('The broker does not answer')),
      ANSWER_WITHIN_MS,
    )
    try {
      await new Promise<void>((resolve, reject) => {
        this.#waiting = { resolve, reject }
        if (this.#failure !== null) reject(this.#failure)
        else begin()
      })
    } finally {
      clearTimeout(late)
    }
  }

  #settle(): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.resolve()
  }

  #fail(error: Error): void {
    this.#failure ??= error
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.reject(this.#failure)
  }

  #take(chunk: Buffer): void {
    this.#makeRoom(this.#used + chunk.length)
    this.#used += chunk.copy(this.#bytes, this.#used)
    if (this.#used < LENGTH_BYTES) return
    const end = LENGTH_BYTES + this.#bytes.readInt32BE(0)
    if (this.#used >= end) this.#settle()
    else this.#makeRoom(end)
  }

  #makeRoom(bytes: number): void {
    if (bytes <= this.#bytes.length) return
    const roomy = Buffer.allocUnsafeSlow(bytes)
    this.#bytes.copy(roomy, 0, 0, this.#used)
    this.#bytes = roomy
  }
}

/** Where it may, a socket reads into one buffer again and again, and not into one that is made for each chunk. */
function socketTo({ host, port, tls }: Endpoint, onChunk: (chunk: Buffer) => void): Socket {
  if (tls !== null) return connectTls({ host, port, ...tls }).on('data', onChunk)
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES)
  const callback = (bytes: number): boolean => {
    onChunk(buffer.subarray(0, bytes))
    return true
  }
  return connectPlain({ host, port, noDelay: true, onread: { buffer, callback } })
}

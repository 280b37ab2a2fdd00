// A client of graphql-transport-ws for tests and benchmarks: sends what it is told, keeps what comes.
export type Message = {
  type: string
  id?: string
  // biome-ignore lint/suspicious/noExplicitAny: a test reads the payload as what it asked for
  payload?: any
}

export type LiveClient = {
  send: (message: object | string) => void
  /** Resolves with the next message that has not been read; rejects where none comes within five seconds. */
  next: () => Promise<Message>
  /** What has come and was not read. */
  pending: Message[]
  /** Resolves once the server has closed. */
  closed: Promise<{ code: number; reason: string }>
  close: () => void
}

const NEXT_WITHIN_MS = 10_000

/** `authorization` undefined: greets without one; null: does not greet. */
export async function connectLive(
  url: string,
  authorization?: string | null,
  protocol = 'graphql-transport-ws',
): Promise<LiveClient> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, protocol)
  const pending: Message[] = []
  let wake = () => {}
  socket.onmessage = ({ data }) => {
    pending.push(JSON.parse(data))
    wake()
  }
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.onclose = ({ code, reason }) => resolve({ code, reason })
  })
  await new Promise((resolve) => {
    socket.onopen = resolve
    socket.onerror = resolve // it is closed then
  })
  const client: LiveClient = {
    pending,
    closed,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: async () => {
      const untilMs = performance.now() + NEXT_WITHIN_MS
      while (pending.length === 0) {
        const leftMs = untilMs - performance.now()
        if (leftMs <= 0) throw new Error('nothing came over the WebSocket')
        await new Promise<void>((resolve) => {
          wake = resolve
          setTimeout(resolve, leftMs)
        })
      }
      return pending.shift() as Message
    },
    close: () => socket.close(1000),
  }
  if (authorization === null) return client
  client.send({ type: 'connection_init', payload: authorization === undefined ? {} : { authorization } })
  return client
}

/** Greeted, and answered. */
export async function greetedLive(url: string, authorization?: string): Promise<LiveClient> {
  const client = await connectLive(url, authorization)
  const ack = await client.next()
  if (ack.type !== 'connection_ack') throw new Error(`greeted by ${JSON.stringify(ack)}`)
  return client
}

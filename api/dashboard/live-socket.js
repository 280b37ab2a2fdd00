// A client of graphql-transport-ws, of what the dashboard needs of it: subscriptions that come back by
// themselves after every interruption.
//
//   greeting ──connection_ack──▶ settling ──not refused──▶ live ──close, or silence──▶ waiting ──▶ greeting …
import { authorization } from './server.js'

const PROTOCOL = 'graphql-transport-ws'
const PING_MS = 10_000
/** Neither an event nor a pong for this long: the connection is dead, whatever TCP believes. */
const SILENCE_MS = 25_000
const WAIT_MIN_MS = 1_000
const WAIT_MAX_MS = 30_000
const SETTLED_MS = 400
/** A server that has no news at all may get some with its next start. */
const WAIT_WITHOUT_NEWS_MS = 60_000

/**
 * @typedef {{ query: string, variables: Record<string, unknown>,
 *   onData: (data: Record<string, any>) => void }} Subscription
 * @param {() => readonly Subscription[]} subscriptions asked at each connection
 * @param {(isLive: boolean) => void} onState
 */
export function liveSocket(subscriptions, onState) {
  /** @type {WebSocket | undefined} */
  let socket
  let isStopped = false
  let failures = 0
  let waiting = 0
  let heardAtMs = 0
  let hasNews = true

  function connect() {
    const url = new URL('/graphql', location.href)
    url.protocol = url.protocol.replace('http', 'ws')
    const mine = new WebSocket(url, PROTOCOL)
    socket = mine
    heardAtMs = performance.now()
    const send = (/** @type {object} */ message) => mine.send(JSON.stringify(message))
    mine.onopen = () => send({ type: 'connection_init', payload: authorization() })
    mine.onmessage = ({ data }) => {
      heardAtMs = performance.now()
      take(JSON.parse(data), send)
    }
    mine.onclose = () => {
      if (socket !== mine) return
      socket = undefined
      clearTimeout(settling)
      onState(false)
      if (!isStopped) waiting = setTimeout(connect, hasNews ? waitMs(failures++) : WAIT_WITHOUT_NEWS_MS)
    }
  }

  /** @type {readonly Subscription[]} */
  let running = []
  let settling = 0

  /** @param {any} message @param {(message: object) => void} send */
  function take({ type, id, payload }, send) {
    if (type === 'ping') send({ type: 'pong' })
    else if (type === 'next' && payload.data) running[Number(id)]?.onData(payload.data)
    else if (type === 'connection_ack') subscribe(send)
    else if (type === 'error' || type === 'complete' || type === 'next') {
      const [refusal] = payload?.errors ?? payload ?? []
      hasNews = refusal?.extensions?.code !== 'NOT_LIVE'
      clearTimeout(settling)
      socket?.close(4499, 'a subscription ended')
    }
  }

  /** @param {(message: object) => void} send */
  function subscribe(send) {
    running = subscriptions()
    running.forEach(({ query, variables }, index) => {
      send({ type: 'subscribe', id: String(index), payload: { query, variables } })
    })
    // The protocol knows no answer "subscribed": what is not refused by then, is.
    settling = setTimeout(() => {
      failures = 0
      hasNews = true
      onState(true)
    }, SETTLED_MS)
  }

  const beat = setInterval(() => {
    if (socket?.readyState !== WebSocket.OPEN) return
    if (performance.now() - heardAtMs > SILENCE_MS) socket.close(4499, 'silence')
    else socket.send('{"type":"ping"}')
  }, PING_MS)

  connect()
  return {
    stop() {
      isStopped = true
      clearTimeout(waiting)
      clearInterval(beat)
      socket?.close(1000)
      socket = undefined
    },
  }
}

/** Doubled each time, and never the same for all who lost the same server. @param {number} failures */
const waitMs = (failures) => Math.min(WAIT_MIN_MS * 2 ** failures, WAIT_MAX_MS) * (0.5 + Math.random() / 2)

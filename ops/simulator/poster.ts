// Posts deliveries to the bridge as The Things Stack would: in order, one at a time for each device, and again and again
// while the answer is 503. Nothing is dropped; what the bridge refuses for good ends the run.
import { pause } from './pause.ts'

export type PosterOptions = {
  /** The bridge's address; the connection is added. */
  url: string
  connection: string
  apiKey: string
  concurrency: number
  /** Requests a second; Infinity: as fast as it goes. */
  rateMax: number
  /** Told once when the bridge begins to refuse for the time being. */
  onWaiting: (reason: string) => void
  /** Ends the trying: what is not acknowledged by then is left to the next run of the same window. */
  signal?: AbortSignal
}

export type Parcel = { devEui: string; body: string }

export type Poster = {
  /** Resolves when the parcel is on its way: order is kept, and the queue is never longer than the concurrency. */
  send(parcel: Parcel): Promise<void>
  /** Resolves when everything is acknowledged. */
  drained(): Promise<void>
  counts(): { posted: number; retried: number }
}

/** The bridge said no, and would say it again. */
export class PostRefused extends Error {}

const timeoutMs = 5_000
const pauseFirstMs = 200
const pauseMostMs = 5_000

export function openPoster(options: PosterOptions): Poster {
  const { concurrency, rateMax, onWaiting, signal } = options
  const address = new URL(`things-stack/${options.connection}`, options.url.replace(/\/*$/, '/'))
  const headers = {
    'content-type': 'application/json',
    'x-api-key': options.apiKey,
    'user-agent': 'TheThingsStack',
  }
  const counts = { posted: 0, retried: 0 }
  // Of each device, the last parcel that is under way or waits for the one before it.
  const tails = new Map<string, Promise<void>>()
  const underWay = new Set<Promise<void>>()
  let failure: Error | null = null
  let isWaiting = false
  let nextAtMs = 0
  const isOver = () => failure !== null || signal?.aborted === true

  /** Null: accepted. Else the reason to try again. */
  async function attempt(body: string): Promise<string | null> {
    try {
      const answer = await fetch(address, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.timeout(timeoutMs),
      })
      const text = await answer.text()
      if (answer.ok) return null
      if (answer.status >= 500 || answer.status === 429 || answer.status === 408)
        return `${answer.status} ${text}`
      throw new PostRefused(`The bridge at ${address} answers ${answer.status}: ${text}`)
    } catch (error) {
      if (error instanceof PostRefused) throw error
      const { cause, message } = error as Error
      return cause instanceof Error ? cause.message : message
    }
  }

  async function deliver(body: string): Promise<void> {
    if (isOver()) return
    try {
      for (let pauseMs = pauseFirstMs; ; pauseMs = Math.min(pauseMs * 2, pauseMostMs)) {
        const reason = await attempt(body)
        if (reason === null) break
        counts.retried += 1
        if (!isWaiting) onWaiting(reason)
        isWaiting = true
        await pause(pauseMs, signal)
        if (isOver()) return
      }
      counts.posted += 1
      isWaiting = false
    } catch (error) {
      failure ??= error as Error
    }
  }

  async function pace(): Promise<void> {
    if (rateMax === Number.POSITIVE_INFINITY) return
    const nowMs = performance.now()
    nextAtMs = Math.max(nextAtMs, nowMs) + 1_000 / rateMax
    if (nextAtMs - nowMs > 1) await pause(nextAtMs - nowMs, signal)
  }

  return {
    async send({ devEui, body }) {
      await pace()
      while (underWay.size >= concurrency) await Promise.race(underWay)
      if (failure !== null) throw failure
      const before = tails.get(devEui)
      const delivery = before === undefined ? deliver(body) : before.then(() => deliver(body))
      tails.set(devEui, delivery)
      const tracked: Promise<void> = delivery.then(() => {
        underWay.delete(tracked)
        if (tails.get(devEui) === delivery) tails.delete(devEui)
      })
      underWay.add(tracked)
    },
    async drained() {
      await Promise.all(underWay)
      if (failure !== null) throw failure
    },
    counts: () => ({ ...counts }),
  }
}

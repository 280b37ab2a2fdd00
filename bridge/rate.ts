// How fast each connection may send: a bucket of tokens each, so that one that runs wild leaves room for the others.

export type Rates = {
  perSecond: number
  /** Whether this message is within its connection's rate. */
  take(connectionId: string): boolean
}

/** A burst of two seconds is let through: a network server sends what it held back all at once. */
const burstSeconds = 2

type Bucket = { tokens: number; filledMs: number }

/** Connections are those of the configuration, so there are few buckets. */
export function rates(perSecond: number, clockMs: () => number): Rates {
  const buckets = new Map<string, Bucket>()
  const most = perSecond * burstSeconds
  return {
    perSecond,
    take(connectionId) {
      const nowMs = clockMs()
      const { tokens, filledMs } = buckets.get(connectionId) ?? { tokens: most, filledMs: nowMs }
      const filled = Math.min(most, tokens + (Math.max(0, nowMs - filledMs) / 1_000) * perSecond)
      const isWithin = filled >= 1
      buckets.set(connectionId, { tokens: isWithin ? filled - 1 : filled, filledMs: nowMs })
      return isWithin
    },
  }
}

// Waiting that a signal ends early; whoever waits looks at the signal next.
import { setTimeout as sleep } from 'node:timers/promises'

export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await sleep(ms, undefined, signal ? { signal } : {})
  } catch (error) {
    if (signal?.aborted !== true) throw error
  }
}

// Asks again every few seconds while somebody looks.

/**
 * Runs `load` now and again after each pause; not while the page is hidden. `wake` asks at once.
 * @param {(signal: AbortSignal) => Promise<void>} load @param {() => number} pauseMs
 * @param {{ onSuccess: () => void, onFailure: (error: Error) => void }} listener
 */
export function poll(load, pauseMs, { onSuccess, onFailure }) {
  let timer = 0
  let current = new AbortController()
  let isStopped = false

  async function run() {
    clearTimeout(timer)
    current.abort()
    const mine = new AbortController()
    current = mine
    try {
      await load(mine.signal)
      if (!mine.signal.aborted) onSuccess()
    } catch (error) {
      if (!mine.signal.aborted) onFailure(/** @type {Error} */ (error))
    }
    if (!isStopped && !mine.signal.aborted && !document.hidden) timer = setTimeout(run, pauseMs())
  }
  const onVisible = () => {
    if (!document.hidden) void run()
  }
  document.addEventListener('visibilitychange', onVisible)
  void run()
  return {
    wake: () => void run(),
    stop() {
      isStopped = true
      clearTimeout(timer)
      current.abort()
      document.removeEventListener('visibilitychange', onVisible)
    },
  }
}

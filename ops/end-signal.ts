/** Resolves once the process is told to end: Ctrl-C, or a SIGTERM. */
export const endSignal = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })

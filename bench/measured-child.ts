// A child process that answers questions: the processes under measurement, from the bench's side.
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

export class MeasuredChild {
  readonly process: ChildProcess
  readonly #waiting = new Map<number, { resolve: (answer: never) => void; reject: (error: Error) => void }>()
  #lastId = 0

  private constructor(process: ChildProcess) {
    this.process = process
    process.on('message', ({ id, answer }: { id: number; answer: never }) => {
      this.#waiting.get(id)?.resolve(answer)
      this.#waiting.delete(id)
    })
    process.once('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(
          new Error(
            `${process.spawnargs[1]} ended (${code ?? signal}) and owes an answer: see its last words above.`,
          ),
        )
    })
  }

  /** Resolves once the child has said its first word. */
  static async start(script: string, setup: unknown): Promise<MeasuredChild> {
    const child = new MeasuredChild(
      fork(new URL(script, import.meta.url), [JSON.stringify(setup)], {
        execArgv: ['--expose-gc'],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      }),
    )
    await new Promise((resolve, reject) => child.#waiting.set(0, { resolve, reject }))
    return child
  }

  ask<T>(ask: string): Promise<T> {
    const id = ++this.#lastId
    this.process.send({ id, ask })
    return new Promise<T>((resolve, reject) => this.#waiting.set(id, { resolve, reject }))
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.#waiting.clear()
    if (this.process.exitCode !== null || this.process.signalCode !== null) return
    const exit = once(this.process, 'exit')
    this.process.kill(signal)
    await exit
  }
}

// One bridge a folder: two would read and drop each other's files. A socket in the folder tells, because the system closes it
// with its process, however that ends; a file with a number in it would be believed for ever.
import { mkdirSync, unlinkSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { PipelineError } from '../../schemas/failure.ts'

/** Makes the folder where it is missing. The returned function gives it up; so does the end of the process. */
export async function takeFolder(dir: string): Promise<() => void> {
  const path = join(dir, 'owner')
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const server = await listenOn(path)
    return () => server.close()
  } catch (error) {
    if (error instanceof PipelineError) throw error
    throw new PipelineError('SPOOL_UNUSABLE', { dir, reason: (error as Error).message }, error)
  }

  async function listenOn(socketPath: string): Promise<Server> {
    try {
      return await listening(socketPath)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
      if (await answers(socketPath))
        throw new PipelineError('SPOOL_UNUSABLE', { dir, reason: 'another bridge uses it' })
      unlinkSync(socketPath) // its process is gone
      return listening(socketPath)
    }
  }
}

function listening(path: string): Promise<Server> {
  const server = createServer((socket) => socket.end())
  server.unref()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => resolve(server))
  })
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

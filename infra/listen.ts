// What a server that cannot listen tells the person who started it.
import { PipelineError } from '../schemas/failure.ts'

/** `setting` is the configuration key of the port: what the advice names. */
export function listenFailure(error: unknown, port: number, setting: string): unknown {
  const { code, address } = error as NodeJS.ErrnoException & { address?: string }
  if (code === 'EADDRINUSE') return new PipelineError('PORT_TAKEN', { port, setting }, error)
  if (code === 'EACCES') return new PipelineError('PORT_FORBIDDEN', { port, setting }, error)
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
    return new PipelineError('ADDRESS_UNKNOWN', { address: address ?? '', setting }, error)
  return error
}

// The webhook connections of a running bridge: those of its environment, and those of a file that may change under it.
import { PipelineError } from '../schemas/failure.ts'
import { type ApiKeys, apiKeys, type Connections, keysMax } from './api-keys.ts'
import { readConnections, watchConnections } from './connections-file.ts'
import type { Warn } from './deliveries.ts'

export type OpenConnections = { keys: ApiKeys; stop(): void }

/** Throws CONFIG_INVALID. A file that is broken later changes nothing, and is told. */
export function openConnections(fixed: Connections, path: string, warn: Warn): OpenConnections {
  refuseTooManyKeys(fixed)
  if (path === '') return { keys: apiKeys(fixed), stop: () => {} }
  const keys = apiKeys(withFile(fixed, path))
  const stop = watchConnections(path, () => {
    try {
      keys.replace(withFile(fixed, path))
      warn({ path }, 'the connections have changed')
    } catch (error) {
      warn({ reason: (error as Error).message }, 'the connections stay as they were')
    }
  })
  return { keys, stop }
}

function withFile(fixed: Connections, path: string): Connections {
  const stored = readConnections(path)
  const twice = [...stored.keys()].filter((name) => fixed.has(name))
  if (twice.length > 0)
    throw new PipelineError('CONFIG_INVALID', {
      problems: twice.map((name) => `BRIDGE_CONNECTIONS and ${path} both name ${name}: keep one of them.`),
    })
  const fromFile = [...stored].map(([name, keys]) => [name, keys.map(({ hash }) => hash)] as const)
  return new Map([...fixed, ...fromFile])
}

function refuseTooManyKeys(connections: Connections): void {
  const problems = [...connections]
    .filter(([, keys]) => keys.length > keysMax)
    .map(([name]) => `BRIDGE_CONNECTIONS gives ${name} more than ${keysMax} keys.`)
  if (problems.length > 0) throw new PipelineError('CONFIG_INVALID', { problems })
}

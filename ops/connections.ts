// `coldstream connections`: who may post to the bridge. Keys are shown once, when they are made; the file keeps hashes.
import type { Command } from 'commander'
import { keysMax } from '../bridge/api-keys.ts'
import {
  hashOfKey,
  newKey,
  readConnections,
  type StoredConnections,
  type StoredKey,
  writeConnections,
} from '../bridge/connections-file.ts'
import { connectionName } from '../infra/bridge-forms.ts'
import { readConfig } from '../infra/config.ts'
import { PipelineError } from '../schemas/failure.ts'

export type Changed = { connections: StoredConnections; key: string }

const refused = (problem: string) => new PipelineError('CONFIG_INVALID', { problems: [problem] })

const added = (key: string, now: Date): StoredKey => ({ hash: hashOfKey(key), addedAt: now.toISOString() })

export function addConnection(connections: StoredConnections, name: string, now: Date): Changed {
  if (!connectionName.test(name))
    throw refused(`A connection's name has letters, digits, - and _, at most 64.`)
  if (connections.has(name)) throw refused(`There is a connection ${name} already: rotate its key.`)
  const key = newKey()
  return { connections: new Map([...connections, [name, [added(key, now)]]]), key }
}

/** The newest key stays valid beside the new one, until it is retired. */
export function rotateKey(connections: StoredConnections, name: string, now: Date): Changed {
  const keys = keysOf(connections, name)
  if (keys.length >= keysMax)
    throw refused(
      `${name} has ${keysMax} keys already: \`coldstream connections retire ${name}\` ends the older.`,
    )
  const key = newKey()
  return { connections: new Map([...connections, [name, [...keys, added(key, now)]]]), key }
}

/** Only the newest key is left. */
export function retireKey(connections: StoredConnections, name: string): StoredConnections {
  const keys = keysOf(connections, name)
  if (keys.length === 1)
    throw refused(`${name} has only one key: add another by rotating, or remove ${name}.`)
  return new Map([...connections, [name, keys.slice(-1)]])
}

export function removeConnection(connections: StoredConnections, name: string): StoredConnections {
  keysOf(connections, name)
  return new Map([...connections].filter(([other]) => other !== name))
}

function keysOf(connections: StoredConnections, name: string): readonly StoredKey[] {
  const keys = connections.get(name)
  if (keys === undefined) throw refused(`There is no connection ${name}.`)
  return keys
}

const print = (line: string): void => void process.stdout.write(`${line}\n`)

function filePath(): string {
  const path = readConfig(['BRIDGE_CONNECTIONS_FILE']).BRIDGE_CONNECTIONS_FILE
  if (path === '') throw refused('BRIDGE_CONNECTIONS_FILE is not set: give the path that the bridge reads.')
  return path
}

function change(make: (connections: StoredConnections) => Changed | StoredConnections): void {
  const path = filePath()
  const made = make(readConnections(path, { isOptional: true }))
  const { connections, key } = 'key' in made ? made : { connections: made, key: undefined }
  writeConnections(path, connections)
  if (key !== undefined) print(`${key}\nThis key is shown now and never again. Send it as X-Api-Key.`)
}

function list(): void {
  const connections = readConnections(filePath(), { isOptional: true })
  if (connections.size === 0) print('There are no connections. Add one: coldstream connections add <name>')
  for (const [name, keys] of connections)
    print(`${name}  ${keys.map(({ addedAt }) => `key of ${addedAt}`).join(', ')}`)
}

export function connectionsCommand(program: Command): void {
  const connections = program
    .command('connections')
    .description(
      'who may post to the bridge, in BRIDGE_CONNECTIONS_FILE; a running bridge takes changes up by itself',
    )
  connections
    .command('list', { isDefault: true })
    .description('names, and how old their keys are')
    .action(list)
  connections
    .command('add <name>')
    .description('a new connection; prints its key once')
    .action((name: string) => change((current) => addConnection(current, name, new Date())))
  connections
    .command('rotate <name>')
    .description('a second key beside the one in use; prints it once')
    .action((name: string) => change((current) => rotateKey(current, name, new Date())))
  connections
    .command('retire <name>')
    .description('end the older of two keys')
    .action((name: string) => change((current) => retireKey(current, name)))
  connections
    .command('remove <name>')
    .description('end a connection')
    .action((name: string) => change((current) => removeConnection(current, name)))
  connections
    .command('hash')
    .description('a new key and its hash, for BRIDGE_CONNECTIONS=<name>=<hash>')
    .action(() => {
      const key = newKey()
      print(`key   ${key}\nhash  ${hashOfKey(key)}`)
    })
}

// Which ports the engines listen on. `npm start` keeps its ports in the data folder, so that clients' URLs stay good;
// tests take what the system hands out.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'

export const defaultPorts = { kafka: 29092, controller: 29093, registry: 28081, postgres: 25432 }

export type EnginePorts = typeof defaultPorts

/** Ports that are free now, all different. */
export async function anyPorts(): Promise<EnginePorts> {
  const servers = await Promise.all(Object.keys(defaultPorts).map(() => listen(0)))
  const [kafka, controller, registry, postgres] = servers.map(portOf)
  await Promise.all(servers.map(close))
  return {
    kafka: kafka ?? 0,
    controller: controller ?? 0,
    registry: registry ?? 0,
    postgres: postgres ?? 0,
  }
}

/**
 * The ports of this data folder, by name, from their defaults. One that a process of ours still holds stays; one that a
 * stranger holds is replaced, and said so.
 */
export async function keptPorts<Name extends string>(
  dataDir: string,
  defaults: Record<Name, number>,
  held: Partial<Record<Name, number>>,
  report: (line: string) => void,
): Promise<Record<Name, number>> {
  const known = readPorts(dataDir)
  const ports = { ...defaults }
  for (const name of Object.keys(defaults) as Name[]) {
    const wanted = held[name] ?? known[name] ?? defaults[name]
    ports[name] = wanted
    if (held[name] !== undefined || (await isFree(wanted))) continue
    ports[name] = await nextFree(wanted, new Set(Object.values({ ...known, ...ports })))
    report(`Port ${wanted} is taken by another program: ${name} listens on ${ports[name]} from now on.`)
  }
  writePorts(dataDir, { ...known, ...ports })
  return ports
}

function readPorts(dataDir: string): Record<string, number> {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'ports.json'), 'utf8'))
  } catch {
    return {} // the first start, or one cut off
  }
}

function writePorts(dataDir: string, ports: Record<string, number>): void {
  mkdirSync(dataDir, { recursive: true })
  writeFileSync(join(dataDir, 'ports.json.new'), `${JSON.stringify(ports)}\n`)
  renameSync(join(dataDir, 'ports.json.new'), join(dataDir, 'ports.json'))
}

async function nextFree(after: number, taken: Set<unknown>): Promise<number> {
  for (let port = after + 10; port < Math.min(after + 2_000, 65_536); port += 10) {
    if (!taken.has(port) && (await isFree(port))) return port
  }
  const server = await listen(0)
  const port = portOf(server)
  await close(server)
  return port
}

export async function isFree(port: number): Promise<boolean> {
  // Where a wildcard listener and a loopback one may share a port, only connecting tells.
  if (await answers(port)) return false
  try {
    await close(await listen(port))
    return true
  } catch {
    return false
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1_000 })
    const settle = (isThere: boolean) => {
      socket.destroy()
      resolve(isThere)
    }
    socket.once('connect', () => settle(true))
    socket.once('timeout', () => settle(true))
    socket.once('error', () => settle(false))
  })
}

type Server = ReturnType<typeof createServer>

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => resolve(server))
  })
}

function portOf(server: Server): number {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

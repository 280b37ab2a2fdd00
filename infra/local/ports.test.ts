import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { anyPorts, isFree, keptPorts } from './ports.ts'

function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'coldstream-ports-'))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}

async function strangerOn(port: number, host: string): Promise<void> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen({ port, host }, resolve))
  onTestFinished(() => void server.close())
}

test('a free port is kept for the next start', async () => {
  const dir = folder()
  const { kafka } = await anyPorts()
  expect(await keptPorts(dir, { kafka }, {}, expect.unreachable)).toEqual({ kafka })
  expect(await keptPorts(dir, { kafka: 1 }, {}, expect.unreachable)).toEqual({ kafka })
})

test.each(['127.0.0.1', '0.0.0.0'])(
  'a port that a stranger holds on %s is replaced for good, and said so',
  async (host) => {
    const dir = folder()
    const { api } = { api: (await anyPorts()).kafka }
    await strangerOn(api, host)
    const lines: string[] = []
    const ports = await keptPorts(dir, { api }, {}, (line) => lines.push(line))
    expect(ports.api).not.toBe(api)
    expect(await isFree(ports.api)).toBe(true)
    expect(lines).toEqual([
      `Port ${api} is taken by another program: api listens on ${ports.api} from now on.`,
    ])
    expect(await keptPorts(dir, { api }, {}, expect.unreachable)).toEqual(ports)
  },
)

test('a port that our own engine still holds stays', async () => {
  const { kafka } = await anyPorts()
  await strangerOn(kafka, '127.0.0.1')
  expect(await keptPorts(folder(), { kafka: 1 }, { kafka }, expect.unreachable)).toEqual({ kafka })
})

test('two names never get the same port', async () => {
  const { kafka, registry } = await anyPorts()
  await strangerOn(kafka, '127.0.0.1')
  const ports = await keptPorts(folder(), { one: kafka, two: kafka + 10, three: registry }, {}, () => {})
  expect(new Set(Object.values(ports)).size).toBe(3)
})

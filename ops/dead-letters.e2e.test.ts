// A record that nobody can read on its way through the whole pipeline: dead letter, row, and once its reason is gone, back.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { registryAt } from '../infra/registry.ts'
import { freshDatabase, freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { openCodecs, schemaText } from '../schemas/codec.ts'
import type { TableDigest } from './digest.ts'
import { type PipelineRun, type RunOptions, startPipelineRun } from './testing/pipeline-run.ts'
import { feedUplinks, type RecordedUplink, recordUplinks } from './testing/recorded-uplinks.ts'

const HOUR_MS = 3_600_000
const to = new Date(Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 48 * HOUR_MS)
const span = { from: new Date(to.getTime() - 3 * HOUR_MS).toISOString(), to: to.toISOString() }
/** An id that the registry does not know, until `isKnown`. */
const FOREIGN_ID = 987_654_321

const closings: (() => Promise<unknown>)[] = []
afterAll(() => Promise.all(closings.map((close) => close())))

async function freshRun(options: RunOptions & { registry?: string } = {}) {
  const { kafkaBrokers, schemaRegistryUrl } = testEngines()
  const prefix = freshPrefix()
  const addresses = {
    ...{ kafkaBrokers, prefix, databaseUrl: await freshDatabase() },
    schemaRegistryUrl: options.registry ?? schemaRegistryUrl,
  }
  const run = await startPipelineRun(addresses, options)
  closings.push(() => run.stop())
  return { run, prefix, brokers: kafkaBrokers }
}

/** The registry of the tests, which knows the foreign id from when it is told to. */
async function registryThatLearns() {
  const state = { isKnown: false, url: '' }
  const { schemaRegistryUrl } = testEngines()
  const path = new URL(schemaRegistryUrl).pathname
  const server = createServer(async (request, response) => {
    if (request.url?.endsWith(`/schemas/ids/${FOREIGN_ID}`)) {
      const body = state.isKnown
        ? { schema: schemaText('uplinks') }
        : { error_code: 40403, message: 'Schema not found' }
      response.writeHead(state.isKnown ? 200 : 404, { 'content-type': 'application/json' })
      return void response.end(JSON.stringify(body))
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const answer = await fetch(new URL(request.url ?? '/', schemaRegistryUrl), {
      ...(request.method === undefined ? {} : { method: request.method }),
      headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
      ...(chunks.length > 0 ? { body: Buffer.concat(chunks) } : {}),
    })
    response.writeHead(answer.status, {
      'content-type': answer.headers.get('content-type') ?? 'application/json',
    })
    response.end(Buffer.from(await answer.arrayBuffer()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closings.push(async () => server.close())
  state.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`
  return state
}

/** The newest uplink of a temperature sensor that was delivered only once: without it a reading is missing. */
async function onlyCopy(uplinks: readonly RecordedUplink[], prefix: string): Promise<number> {
  const codecs = await openCodecs(registryAt(testEngines().schemaRegistryUrl), prefix)
  const names = uplinks.map(({ value }) => {
    const { devEui, sessionKeyId, fCnt, type } = codecs.of('uplinks').decode(value)
    return `${type} ${devEui} ${sessionKeyId} ${fCnt}`
  })
  const before = uplinks.length * 0.8
  return names.findIndex(
    (name, at) =>
      at > before && name.startsWith('uplink') && names.filter((other) => other === name).length === 1,
  )
}

const withoutLetters = (digests: readonly TableDigest[]) =>
  digests.filter(({ table }) => table !== 'dead_letters')

async function letters(run: PipelineRun) {
  return JSON.parse(await run.command('dead-letters', 'list', '--json')) as {
    id: string
    code: string
    canRetry: boolean
    retries: number
    value: string
    headers: object
  }[]
}

test('a record of an unknown schema becomes a letter; sent back once the schema is known, it is as if it had been right at first', async () => {
  const calm = await freshRun()
  await calm.run.simulate({ ...span, speed: 'max' })
  const expected = withoutLetters(await calm.run.settled(2_500))
  const uplinks = await recordUplinks(calm.brokers, calm.prefix)
  expect(uplinks.length).toBeGreaterThan(500)

  const registry = await registryThatLearns()
  const { run, ...broken } = await freshRun({ parts: ['process', 'sink'], registry: registry.url })
  const at = await onlyCopy(uplinks, calm.prefix)
  const foreign = Buffer.from(uplinks[at]!.value)
  foreign.writeUInt32BE(FOREIGN_ID, 1)
  await feedUplinks(
    uplinks.map((uplink, index) => (index === at ? { ...uplink, value: foreign } : uplink)),
    { ...broken, overMs: 1_000, headers: { via: 'the-test' } },
  )
  await expect.poll(() => letters(run), { timeout: 20_000, interval: 300 }).toHaveLength(1)
  const [letter] = await letters(run)
  expect(letter).toMatchObject({
    code: 'SCHEMA_UNKNOWN',
    canRetry: true,
    retries: 0,
    headers: { via: 'the-test' },
  })
  expect(Buffer.from(letter!.value, 'base64')).toEqual(foreign)
  expect(await run.command('dead-letters', 'show', letter!.id)).toContain(
    `coldstream dead-letters retry ${letter!.id}`,
  )
  expect(withoutLetters(await run.settled(2_000))).not.toEqual(expected)

  registry.isKnown = true
  expect(await run.command('dead-letters', 'retry', '--code', 'SCHEMA_UNKNOWN')).toContain('Sent 1 of 1.')
  await expect.poll(async () => withoutLetters(await run.digest()), { timeout: 20_000 }).toEqual(expected)

  await expect(run.command('dead-letters', 'retry', letter!.id)).rejects.toThrow('--again')
  expect(await run.command('dead-letters', 'retry', '--again', letter!.id)).toContain('for the 2. time')
  expect(withoutLetters(await run.settled(1_500))).toEqual(expected)
  expect(await letters(run)).toMatchObject([{ id: letter!.id, retries: 2 }])
  const copies = (await recordUplinks(broken.brokers, broken.prefix)).filter(({ value }) =>
    value.equals(foreign),
  )
  expect(copies).toHaveLength(3)
  expect(new Set(copies.map(({ partition }) => partition)).size).toBe(1)
}, 120_000)

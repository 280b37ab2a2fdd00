// The schema registry over the Confluent API, as Confluent's, Redpanda's and Apicurio's (/apis/ccompat/v7) speak it: the one
// home of its client, which registers and looks up. Per message it would be slow (kafka-notes.md): that is codec.ts's part.
// Ids are taken as they come: Apicurio numbers contents, not versions, and gives one id to equal schemas.
import { setTimeout as sleep } from 'node:timers/promises'
import { SchemaRegistry as RegistryClient, SchemaType } from '@kafkajs/confluent-schema-registry'
import type { SchemaRegistry } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'

const ANSWER_WITHIN_MS = 5_000
const REGISTRY_STARTS_WITHIN_MS = 30_000
const RETRY_PAUSE_MS = 500

type Address = { url: string; auth: { username: string; password: string } | null }

export function registryAt(text: string): SchemaRegistry {
  const address = addressOf(text)
  const { url: host, auth } = address
  // Trying again is ours: at a start here, for a look-up the caller's.
  const client = new RegistryClient({ host, retry: { retries: 0 }, ...(auth === null ? {} : { auth }) })
  return {
    async register(subject, schema) {
      const confluent = { type: SchemaType.AVRO, schema } as const
      try {
        // First, because Apicurio's default is to accept anything, and the client leaves existing settings alone.
        await patiently(() => answered(address, requireBackward(address, subject)))
        return (await patiently(() => answered(address, client.register(confluent, { subject })))).id
      } catch (error) {
        if (statusOf(error) !== 409 && statusOf(error) !== 422) throw error
        throw new PipelineError('SCHEMA_INCOMPATIBLE', { subject, answer: reasonOf(error) }, error)
      }
    },

    async schemaOf(id) {
      try {
        const type = (await answered(address, client.getSchema(id))) as unknown as Exporting
        return JSON.stringify(type.schema({ exportAttrs: true }))
      } catch (error) {
        if (statusOf(error) !== 404) throw error
        throw new PipelineError('SCHEMA_UNKNOWN', { topic: 'a topic', schemaId: id }, error)
      }
    },
  }
}

/** What avsc's types have and the client's own type of them leaves out. */
type Exporting = { schema(options: { exportAttrs: boolean }): unknown }

/** The client sets this only with a subject's first schema. */
async function requireBackward({ url, auth }: Address, subject: string): Promise<void> {
  const login = auth === null ? {} : { authorization: `Basic ${btoa(`${auth.username}:${auth.password}`)}` }
  const response = await fetch(`${url}/config/${encodeURIComponent(subject)}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json', ...login },
    body: JSON.stringify({ compatibility: 'BACKWARD' }),
  })
  const text = await response.text()
  if (!response.ok)
    throw Object.assign(new Error(`HTTP ${response.status} ${text}`), { status: response.status })
}

/** Not found, and not compatible: what the registry says about the question itself, and is the caller's. */
const verdicts: readonly unknown[] = [404, 409, 422]

/** Anything but a verdict means that it is away. The client says 400 where nothing came back. */
async function answered<T>({ url }: Address, call: Promise<T>): Promise<T> {
  const silence = new AbortController()
  const tooLate = sleep(ANSWER_WITHIN_MS, undefined, { signal: silence.signal }).then(() => {
    throw new Error(`no answer within ${ANSWER_WITHIN_MS} ms`)
  })
  try {
    return await Promise.race([call, tooLate])
  } catch (error) {
    if (verdicts.includes(statusOf(error))) throw error
    throw new PipelineError('REGISTRY_UNAVAILABLE', { url, reason: reasonOf(error) }, error)
  } finally {
    tooLate.catch(() => {})
    silence.abort()
  }
}

/** At a start the registry may be on its way up too. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + REGISTRY_STARTS_WITHIN_MS
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (!(error instanceof PipelineError) || performance.now() > deadlineMs) throw error
      await sleep(RETRY_PAUSE_MS)
    }
  }
}

/** The HTTP status that an error of the client, or of `requireBackward`, carries. */
const statusOf = (error: unknown): unknown =>
  error instanceof Error && 'status' in error ? error.status : undefined

/** fetch takes no user and password in an address. */
function addressOf(text: string): Address {
  const url = new URL(text)
  const { username, password } = url
  url.username = ''
  url.password = ''
  const auth =
    username === ''
      ? null
      : { username: decodeURIComponent(username), password: decodeURIComponent(password) }
  return { url: url.href.replace(/\/+$/, ''), auth }
}

/** fetch says "fetch failed" and keeps the reason in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || error.message : error.message
}

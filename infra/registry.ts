// The schema registry over the Confluent API, as Confluent's, Redpanda's and Apicurio's (/apis/ccompat/v7) speak it.
// Ids are taken as they come: Apicurio numbers contents, not versions, and gives one id to equal schemas.
import { setTimeout as sleep } from 'node:timers/promises'
import type { SchemaRegistry } from '../schemas/codec.ts'
import { PipelineError } from '../schemas/failure.ts'

const ANSWER_WITHIN_MS = 5_000
const REGISTRY_STARTS_WITHIN_MS = 30_000
const RETRY_PAUSE_MS = 500

type Address = { url: string; headers: Record<string, string> }
type Answer = { status: number; body: { id?: number; schema?: string; message?: string } }

export function registryAt(url: string): SchemaRegistry {
  const base = addressOf(url)
  return {
    async register(subject, schema) {
      const path = encodeURIComponent(subject)
      // First, because Apicurio's default is to accept anything.
      await patiently(() => ask(base, 'PUT', `/config/${path}`, { compatibility: 'BACKWARD' }))
      const { status, body } = await patiently(() =>
        ask(base, 'POST', `/subjects/${path}/versions`, { schema }),
      )
      if (status === 200 && body.id !== undefined) return body.id
      if (status === 409 || status === 422)
        throw new PipelineError('SCHEMA_INCOMPATIBLE', { subject, answer: body.message ?? `HTTP ${status}` })
      throw unavailable(base, `it answers ${status} ${body.message ?? ''} to a registration`)
    },

    async schemaOf(id) {
      const { status, body } = await ask(base, 'GET', `/schemas/ids/${id}`)
      if (status === 200 && body.schema !== undefined) return body.schema
      if (status === 404) throw new PipelineError('SCHEMA_UNKNOWN', { topic: 'a topic', schemaId: id })
      throw unavailable(base, `it answers ${status} ${body.message ?? ''} to a look-up`)
    },
  }
}

async function ask(base: Address, method: string, path: string, content?: object): Promise<Answer> {
  try {
    const response = await fetch(`${base.url}${path}`, {
      method,
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json', ...base.headers },
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
      ...(content === undefined ? {} : { body: JSON.stringify(content) }),
    })
    const answer = { status: response.status, body: (await response.json()) as Answer['body'] }
    if (response.status >= 500) throw new Error(`HTTP ${response.status} ${answer.body.message ?? ''}`)
    return answer
  } catch (error) {
    throw unavailable(base, reasonOf(error), error)
  }
}

/** At a start the registry may be on its way up too. */
async function patiently(call: () => Promise<Answer>): Promise<Answer> {
  const deadlineMs = performance.now() + REGISTRY_STARTS_WITHIN_MS
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if (performance.now() > deadlineMs) throw error
      await sleep(RETRY_PAUSE_MS)
    }
  }
}

const unavailable = ({ url }: Address, reason: string, cause?: unknown): PipelineError =>
  new PipelineError('REGISTRY_UNAVAILABLE', { url, reason }, cause)

/** fetch takes no user and password in an address. */
function addressOf(text: string): Address {
  const url = new URL(text)
  const { username, password } = url
  url.username = ''
  url.password = ''
  const user = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  const headers = username === '' ? {} : { authorization: `Basic ${Buffer.from(user).toString('base64')}` }
  return { url: url.href.replace(/\/+$/, ''), headers }
}

/** fetch says "fetch failed" and keeps the reason in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message || error.message : error.message
}

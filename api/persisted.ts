// Persisted operations: texts that are known by an id, their SHA-256 or one of the operator's choice. A client sends the id in
// place of the text; in only-persisted mode nothing else is answered. Where it is off, clients may add texts by their SHA-256
// (as Apollo's automatic persisted queries do), as long as memory keeps them.
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { refusal } from './errors.ts'

export type PersistedAsked = { query?: string | null; extensions?: unknown }

const ADDED_MAX = 1_000

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')

export class PersistedOperations {
  readonly #isOnly: boolean
  /** By id; each also under its hash. */
  readonly #registered = new Map<string, string>()
  readonly #added = new Map<string, string>()

  constructor(registered: Readonly<Record<string, string>>, { isOnly }: { isOnly: boolean }) {
    this.#isOnly = isOnly
    for (const [id, text] of Object.entries(registered)) {
      this.#registered.set(id, text)
      this.#registered.set(hashOf(text), text)
    }
  }

  get isOnly(): boolean {
    return this.#isOnly
  }

  /** The text to execute. Throws a refusal. */
  textOf({ query, extensions }: PersistedAsked): string {
    const id = idIn(extensions)
    if (query) {
      if (this.#isOnly && !this.#registered.has(hashOf(query))) throw notRegistered()
      if (id !== undefined && !this.#isOnly && !this.#registered.has(id)) this.#add(id, query)
      return query
    }
    if (id === undefined)
      throw refusal('INVALID_QUERY', 'There is no `query`, and no id of a persisted operation.')
    const known = this.#registered.get(id) ?? this.#added.get(id)
    if (known !== undefined) return known
    if (this.#isOnly) throw notRegistered()
    // Clients know this message, and send the text next.
    throw refusal('PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound')
  }

  #add(id: string, text: string): void {
    if (hashOf(text) !== id) throw refusal('BAD_INPUT', '`sha256Hash` is not the SHA-256 of `query`.')
    const [oldest] = this.#added.keys()
    if (this.#added.size >= ADDED_MAX && oldest !== undefined) this.#added.delete(oldest)
    this.#added.set(id, text)
  }
}

const notRegistered = () =>
  refusal('ONLY_PERSISTED', 'This server answers only operations that were registered with it.')

function idIn(extensions: unknown): string | undefined {
  const { persistedQuery } = (extensions ?? {}) as { persistedQuery?: { sha256Hash?: unknown } | null }
  const id = persistedQuery?.sha256Hash
  return typeof id === 'string' ? id : undefined
}

/** A file of JSON: {"id": "text", …}, as Relay's and others' compilers write it. Throws what a person can read. */
export function operationsIn(path: string): Record<string, string> {
  const value: unknown = JSON.parse(readFileSync(path, 'utf8'))
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : []
  if (entries.length === 0 || entries.some(([, text]) => typeof text !== 'string'))
    throw new Error(`${path} holds no operations: it must be JSON such as {"id": "query { now }"}.`)
  return Object.fromEntries(entries)
}

const dashboard = new URL('./dashboard/', import.meta.url)

/** What the dashboard asks, by the names under which its modules export it. */
export async function dashboardOperations(): Promise<Record<string, string>> {
  const files = readdirSync(dashboard).filter((file) => file.endsWith('-query.js'))
  const modules = await Promise.all(files.map((file) => import(new URL(file, dashboard).href)))
  const texts = modules.flatMap((module: Record<string, unknown>) => Object.entries(module))
  return Object.fromEntries(texts.filter((entry): entry is [string, string] => typeof entry[1] === 'string'))
}

// A thread that tries mutants on the worlds, one after the other in one process. Each gets the modules anew, all of them, under
// addresses of its own: `hold.ts?mutant=7`. What is not changed is read and stripped of its types once.
import { readFileSync } from 'node:fs'
import { type LoadHookSync, type ResolveHookSync, registerHooks, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parentPort } from 'node:worker_threads'
import type { WorldKind } from './worlds-digest.ts'

/** Without a path: nothing is changed, and what the worlds say is what is expected. */
export type Trial = { number: number; path: string | null; text: string }
/** Where it is seen first. */
export type Verdict = 'expected' | WorldKind | 'nowhere'

const root = new URL('../../', import.meta.url).href
const tag = /\?mutant=\d+$/
const sources = new Map<string, string>()
let current: Trial = { number: 0, path: null, text: '' }

const resolve: ResolveHookSync = (specifier, context, next) => {
  const resolved = next(specifier, context)
  const { url } = resolved
  const isOurs = url.startsWith(root) && !url.includes('/node_modules/')
  if (!isOurs || tag.test(url) || !tag.test(context.parentURL ?? '')) return resolved
  return { ...resolved, url: `${url}?mutant=${current.number}` }
}

const load: LoadHookSync = (url, context, next) => {
  if (!tag.test(url)) return next(url, context)
  const path = fileURLToPath(url.replace(tag, ''))
  const source = path === current.path ? stripTypeScriptTypes(current.text) : strippedFile(path)
  return { format: 'module', source, shortCircuit: true }
}

function strippedFile(path: string): string {
  const source = sources.get(path) ?? stripTypeScriptTypes(readFileSync(path, 'utf8'))
  sources.set(path, source)
  return source
}

const kinds: readonly WorldKind[] = ['modelled', 'drawn']

/** What the original says, or the kind of worlds in which the mutant says something else. */
async function tryOnWorlds(): Promise<Verdict> {
  try {
    const { digests } = (await import(
      `./worlds-digest.ts?mutant=${current.number}`
    )) as typeof import('./worlds-digest.ts')
    if (current.path === null) {
      for (const kind of kinds) expected[kind].push(...digests(kind))
      return 'expected'
    }
    for (const kind of kinds) {
      let index = 0
      for (const digest of digests(kind)) if (digest !== expected[kind][index++]) return kind
    }
    return 'nowhere'
  } catch {
    return 'modelled'
  }
}

registerHooks({ resolve, load })
const expected: Record<WorldKind, string[]> = { modelled: [], drawn: [] }
parentPort?.on('message', async (trial: Trial) => {
  current = trial
  parentPort?.postMessage(await tryOnWorlds())
})

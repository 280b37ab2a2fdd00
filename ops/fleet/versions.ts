// Versions of a rule or of a device's place: what must be written so that the registry says what the file says.
import { fromTheBeginningMs } from './rules.ts'

export type Version<F> = { validFromMs: number; fields: F }

/** A declared version without an instant: from the beginning where there is none yet, else from now on. */
export type Declared<F> = { validFromMs: number | undefined; fields: F }

export type VersionChanges<F> = {
  added: Version<F>[]
  changed: { before: F; after: Version<F> }[]
  removed: Version<F>[]
}

export const sameFields = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b)

/**
 * From its first instant on, the file is the whole truth: versions from there on that it does not list never were.
 * Earlier ones stay, they are history. `none` are the fields that say nothing, as good as no version.
 */
export function reconcile<F>(
  existing: readonly Version<F>[],
  declared: readonly Declared<F>[],
  none: F,
  nowMs: number,
): VersionChanges<F> {
  const wanted = withInstants(existing, declared, none, nowMs)
  const fromMs = wanted.fromMs
  const kept = new Map(existing.map((version) => [version.validFromMs, version]))
  const instants = new Set(wanted.versions.map((version) => version.validFromMs))
  return {
    added: wanted.versions.filter((version) => !kept.has(version.validFromMs)),
    changed: wanted.versions.flatMap((after) => {
      const before = kept.get(after.validFromMs)?.fields
      return before === undefined || sameFields(before, after.fields) ? [] : [{ before, after }]
    }),
    removed: existing.filter(({ validFromMs }) => validFromMs >= fromMs && !instants.has(validFromMs)),
  }
}

function withInstants<F>(
  existing: readonly Version<F>[],
  declared: readonly Declared<F>[],
  none: F,
  nowMs: number,
): { fromMs: number; versions: Version<F>[] } {
  const [first] = declared
  const isUndated = first !== undefined && declared.length === 1 && first.validFromMs === undefined
  if (!isUndated) {
    const versions = declared.map(({ validFromMs = fromTheBeginningMs, fields }) => ({ validFromMs, fields }))
    return { fromMs: versions[0]?.validFromMs ?? nowMs, versions }
  }
  const current = existing.findLast(({ validFromMs }) => validFromMs <= nowMs)
  const isNews = !sameFields(current?.fields ?? none, first.fields)
  const validFromMs = current === undefined ? fromTheBeginningMs : nowMs
  // A version of this very instant may be replaced; one that is only in force stays as it is.
  return { fromMs: nowMs + (isNews ? 0 : 1), versions: isNews ? [{ validFromMs, fields: first.fields }] : [] }
}

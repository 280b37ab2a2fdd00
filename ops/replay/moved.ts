// An episode's id comes from its start: one that starts at another instant is another one. To a person it has moved.
import type { Difference, Json } from './diff.ts'

export type Episode = { start: string; end: string; same: readonly string[] }

/**
 * A removed and an added episode that overlap, of the same unit and sort, become one that has moved: each at most once, the
 * earliest first. The others stay as they are.
 */
export function pairMoved(differences: readonly Difference[], episode: Episode): Difference[] {
  const added = differences.filter(({ kind }) => kind === 'added')
  const taken = new Set<Difference>()
  const result = differences.flatMap((difference): Difference[] => {
    if (difference.kind !== 'removed') return [difference]
    const partner = added.find(
      (other) => !taken.has(other) && isSame(difference.before, other.after, episode),
    )
    if (partner === undefined) return [difference]
    taken.add(partner)
    return [moved(difference.before, partner.after)]
  })
  return result.filter((difference) => !taken.has(difference))
}

function moved(before: Json | null, after: Json | null): Difference {
  const fields = Object.keys(after ?? {}).filter(
    (name) => !bookkeeping.includes(name) && JSON.stringify(after?.[name]) !== JSON.stringify(before?.[name]),
  )
  return { kind: 'moved', before, after, fields }
}

const bookkeeping = ['id', 'revision', 'asOf', 'as_of']

function isSame(before: Json | null, after: Json | null, { start, end, same }: Episode): boolean {
  if (before === null || after === null || same.some((name) => before[name] !== after[name])) return false
  return timeOf(before[start]) <= timeOf(after[end]) && timeOf(after[start]) <= timeOf(before[end])
}

const timeOf = (value: unknown): number =>
  typeof value === 'string' ? Date.parse(value) : Number.POSITIVE_INFINITY

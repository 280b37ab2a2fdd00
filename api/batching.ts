// Fields below a list, answered for all its elements at once: what asks in one turn of the event loop is one batch. mercurius'
// own loaders do the same, but tell elements apart by their text: of a wall of 1,000 units each would be written out eight times.
import type { Info, Infos } from './asked-fields.ts'
import { groupBy } from './database.ts'
import type { RequestContext } from './loaders.ts'

export type Asked<O, P> = { obj: O; params: P; info?: Info }
export type Loader<O, P> = (asked: readonly Asked<O, P>[], context: RequestContext) => Promise<unknown[]>

/** `infos` say which fields are asked for. */
type Answer<O, P> = (
  elements: readonly O[],
  params: P,
  context: RequestContext,
  infos: Infos,
) => Promise<(element: O, info?: Info) => unknown>

/** Lets `answer` see each distinct set of arguments once, with all the elements that asked with it. */
export function batched<O, P = Record<string, never>>(answer: Answer<O, P>): Loader<O, P> {
  return async (asked, context) => {
    const groups = [...groupBy(asked, ({ params }) => JSON.stringify(params)).values()]
    const answers = await Promise.all(
      groups.map(async (group) => {
        const [head] = group
        if (head === undefined) return []
        const of = await answer(
          group.map(({ obj }) => obj),
          head.params,
          context,
          group.map(({ info }) => info),
        )
        return group.map((one) => [one, of(one.obj, one.info)] as const)
      }),
    )
    const byAsked = new Map(answers.flat())
    return asked.map((one) => byAsked.get(one))
  }
}

type Waiting = { asked: Asked<unknown, unknown>[]; answers: Promise<unknown[]> }
type Resolver = (obj: unknown, params: unknown, context: RequestContext, info: Info) => Promise<unknown>

// biome-ignore lint/suspicious/noExplicitAny: each loader takes what its own type and field give
export type AnyLoader = Loader<any, any>

function resolverOf(loader: AnyLoader): Resolver {
  const waiting = new WeakMap<RequestContext, Waiting>()
  const begun = (context: RequestContext): Waiting => {
    const asked: Asked<unknown, unknown>[] = []
    const answers = new Promise<void>((resolve) => process.nextTick(resolve)).then(() => {
      waiting.delete(context)
      return loader(asked, context)
    })
    const batch = { asked, answers }
    waiting.set(context, batch)
    return batch
  }
  return async (obj, params, context, info) => {
    const { asked, answers } = waiting.get(context) ?? begun(context)
    const place = asked.push({ obj, params, info }) - 1
    return (await answers)[place]
  }
}

export const resolversOf = (
  loaders: Readonly<Record<string, Readonly<Record<string, AnyLoader>>>>,
): Record<string, Record<string, Resolver>> =>
  Object.fromEntries(
    Object.entries(loaders).map(([type, fields]) => [
      type,
      Object.fromEntries(Object.entries(fields).map(([field, loader]) => [field, resolverOf(loader)])),
    ]),
  )

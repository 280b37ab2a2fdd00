// What a person is told where something that a command needs does not answer, or does not let it in. Anything else that has no
// code of ours is a defect, and shows where it happened.

const nobodyThere = /^(ECONNREFUSED|ECONNRESET|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|ETIMEDOUT|EAI_AGAIN)$/

/** Postgres' own: who, which database, too many, starting or ending. */
const notLetIn = /^(28...|3D000|53300|57P0.)$/

/** A sentence, or undefined: not of this kind. fetch and Node keep the reason in `cause` or `errors`. */
export function unreachable(error: unknown): string | undefined {
  const reasons = chainOf(error)
  const away = reasons.find(({ code }) => nobodyThere.test(code))
  if (away !== undefined)
    return `Nothing answers: ${away.message}. Check the addresses in the settings, and that what they name runs.`
  const refused = reasons.find(({ code }) => notLetIn.test(code))
  if (refused !== undefined)
    return `Postgres does not let it in: ${refused.message}. Check user, password and database in DATABASE_URL.`
  return undefined
}

function chainOf(error: unknown): { code: string; message: string }[] {
  if (!(error instanceof Error)) return []
  const inner = error instanceof AggregateError ? error.errors : [error.cause]
  const own =
    'code' in error && error.message !== '' ? [{ code: String(error.code), message: error.message }] : []
  return [...own, ...inner.flatMap(chainOf)]
}

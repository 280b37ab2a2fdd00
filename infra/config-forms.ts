// What a setting is, and the forms that its text may have: each gives the value, or undefined for a text not of the form.
export type Process = 'bridge' | 'process' | 'sink' | 'api' | 'housekeeper'

export type Key<T> = {
  /** What a valid value looks like, for the error and the reference. */
  form: string
  /** The text taken where the variable is not set; undefined: it must be set. */
  fallback: string | undefined
  doc: string
  secret?: true
  usedBy: readonly Process[]
  /** Returns undefined for a text that is not of the form. */
  parse: (text: string) => T | undefined
}

export const key = <T>(
  form: string,
  fallback: string | undefined,
  usedBy: readonly Process[],
  doc: string,
  parse: Key<T>['parse'],
): Key<T> => ({
  form,
  fallback,
  usedBy,
  doc,
  parse,
})
export const secret = <T>(k: Key<T>): Key<T> => ({ ...k, secret: true })

const MS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

export const durationBetween = (leastMs: number, mostMs: number) => (text: string) => {
  const ms = durationMs(text)
  return ms === undefined || ms < leastMs || ms > mostMs ? undefined : ms
}

export const durationMs = (text: string): number | undefined => {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text)
  return match ? Number(match[1]) * (MS[match[2] ?? ''] ?? Number.NaN) : undefined
}

export const whole =
  (least: number, most: number) =>
  (text: string): number | undefined => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    return value >= least && value <= most ? value : undefined
  }

export const oneOf =
  <const T extends string>(...choices: readonly T[]) =>
  (text: string): T | undefined =>
    choices.find((choice) => choice === text)

/** As a text, because a value must not be missed for being false. */
export const flag = oneOf('true', 'false')

export const matching =
  (pattern: RegExp) =>
  (text: string): string | undefined =>
    pattern.test(text) ? text : undefined

export const url =
  (...protocols: readonly string[]) =>
  (text: string): string | undefined =>
    URL.canParse(text) && protocols.includes(new URL(text).protocol) ? text : undefined

/** An address of backups or archives. */
export const storeAddress = matching(/^$|^s3:\/\/\S+$|^(file:\/\/)?\/\S*$/)

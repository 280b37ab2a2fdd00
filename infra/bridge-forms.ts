// The forms of the bridge's settings: who may post, and which servers it reads from.

export const connectionName = /^[A-Za-z0-9_-]{1,64}$/
const keyHash = /^sha256:[0-9a-f]{64}$/

/** A key of one's own, or the hash of one: what is stored then opens nothing. */
const isKey = (key: string): boolean => (key.startsWith('sha256:') ? keyHash.test(key) : key.length >= 16)

type Named<T> = ReadonlyMap<string, T>

/** `name=value,…`; undefined where a name or value is not of its form, or a name stands twice. */
function named<T>(text: string, toValue: (value: string) => T | undefined): Named<T> | undefined {
  const result = new Map<string, T>()
  for (const pair of text === '' ? [] : text.split(',')) {
    const at = pair.indexOf('=')
    const [name, value] = [pair.slice(0, at).trim(), toValue(pair.slice(at + 1).trim())]
    if (at < 1 || !connectionName.test(name) || value === undefined || result.has(name)) return undefined
    result.set(name, value)
  }
  return result
}

/** `name=key[+key],…`: a connection's webhook name and one or two valid API keys (two while one is replaced). */
export function connections(text: string): Named<readonly string[]> | undefined {
  return named(text, (value) => {
    const keys = value.split('+')
    return keys.every((key) => isKey(key) && !/\s/.test(key)) ? keys : undefined
  })
}

/** `name=url,…` with user and password inside each. */
export const serverUrls =
  (...protocols: readonly string[]) =>
  (text: string): Named<URL> | undefined =>
    named(text, (value) => {
      if (!URL.canParse(value)) return undefined
      const url = new URL(value)
      const isWhole = url.username !== '' && url.password !== '' && url.hostname !== ''
      return protocols.includes(url.protocol) && isWhole ? url : undefined
    })

// JSON of which parts are written already.

/** Stands in a value for what it says. */
export class JsonText {
  readonly bytes: Buffer

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
}

/** As JSON.stringify, of plain objects, lists and leaves. */
export function jsonWithTexts(value: unknown): Buffer {
  const parts: Buffer[] = []
  let text = ''
  const write = (part: unknown): void => {
    if (part instanceof JsonText) {
      parts.push(Buffer.from(text), part.bytes)
      text = ''
    } else if (Array.isArray(part)) {
      writeAll(
        '[',
        part.map((element) => ['', element] as const),
        ']',
      )
    } else if (isPlain(part)) {
      const members = Object.entries(part).filter(([, member]) => member !== undefined)
      writeAll(
        '{',
        members.map(([key, member]) => [`${JSON.stringify(key)}:`, member] as const),
        '}',
      )
    } else text += JSON.stringify(part) ?? 'null'
  }
  const writeAll = (open: string, members: readonly (readonly [string, unknown])[], close: string): void => {
    for (const [i, [before, member]] of members.entries()) {
      text += `${i === 0 ? open : ','}${before}`
      write(member)
    }
    text += members.length === 0 ? open + close : close
  }
  write(value)
  return Buffer.concat([...parts, Buffer.from(text)])
}

const isPlain = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !('toJSON' in value && typeof value.toJSON === 'function')

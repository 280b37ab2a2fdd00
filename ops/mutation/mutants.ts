// Small changes to a source text that its tests ought to notice: one operator, constant or call at a time. By tokens, not
// by a syntax tree: what lies in types, imports, strings and comments is left alone.
export type Mutant = {
  line: number
  /** The line before and after. */
  before: string
  after: string
  text: string
}

/** What is looked for in a line of code, and what takes its place. Operators stand between blanks, as the formatter has it. */
const swaps: readonly (readonly [from: RegExp, to: string])[] = [
  [/ < /g, ' <= '],
  [/ <= /g, ' < '],
  [/ > /g, ' >= '],
  [/ >= /g, ' > '],
  [/ === /g, ' !== '],
  [/ !== /g, ' === '],
  [/ && /g, ' || '],
  [/ \|\| /g, ' && '],
  [/ \+ /g, ' - '],
  [/ - /g, ' + '],
  [/ \* /g, ' / '],
  [/ \/ /g, ' * '],
  [/ % /g, ' * '],
  [/ \+= /g, ' -= '],
  [/\+\+/g, '--'],
  [/Math\.min\(/g, 'Math.max('],
  [/Math\.max\(/g, 'Math.min('],
  [/Math\.floor\(/g, 'Math.ceil('],
  [/\btrue\b/g, 'false'],
  [/\bfalse\b/g, 'true'],
  [/\b0\b/g, '1'],
  [/\b1\b/g, '0'],
  [/POSITIVE_INFINITY/g, 'NEGATIVE_INFINITY'],
  [/NEGATIVE_INFINITY/g, 'POSITIVE_INFINITY'],
]

/** A statement that can be left out whole: a call, or an assignment to a field. */
const statement = /^\s+(?:[\w.]+\(.*\)|[\w.]+(?:\.\w+)+ (?:=|\+=|\?\?=) [^{]*[^{(,])$/

export function mutantsOf(source: string): Mutant[] {
  const lines = source.split('\n')
  const isCode = codeLines(lines)
  return lines.flatMap((before, index) => {
    if (!isCode[index]) return []
    const withLine = (after: string): Mutant => ({
      line: index + 1,
      before: before.trim(),
      after: after.trim() === '' ? '(left out)' : after.trim(),
      text: lines.with(index, after).join('\n'),
    })
    const swapped = swaps.flatMap(([from, to]) =>
      [...codeOf(before).matchAll(from)].map(({ index: at, 0: found }) =>
        withLine(before.slice(0, at) + to + before.slice(at + found.length)),
      ),
    )
    return statement.test(codeOf(before)) ? [...swapped, withLine('')] : swapped
  })
}

/** The line with strings and what follows `//` blanked out, as long as it was. */
const codeOf = (line: string): string =>
  line
    .replace(/'[^']*'|`[^`]*`/g, (found) => '_'.repeat(found.length))
    .replace(/\/\/.*$/, (found) => ' '.repeat(found.length))

/** Left out: comments, imports, and type declarations to their end. */
function codeLines(lines: readonly string[]): boolean[] {
  let until: RegExp | null = null
  return lines.map((line) => {
    if (until !== null) {
      if (until.test(line)) until = null
      return false
    }
    if (/^import /.test(line)) until = /from '/.test(line) ? null : /from '/
    else if (/^(export )?type .*\{$/.test(line)) until = /^\}/
    else if (/^\s*\/\*\*/.test(line)) until = /\*\//.test(line) ? null : /\*\//
    else return !/^(export )?type |^\s*(\/\/|\*)/.test(line)
    return false
  })
}

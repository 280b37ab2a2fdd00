// docs/semantics.md as sentences, and which test shows each of them: every sentence is quoted in the name of a case beside
// this file, or stands in `shownElsewhere` because dry-run cannot show it.
import { readdirSync, readFileSync } from 'node:fs'

const root = new URL('../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')

/** A sentence ends at a full stop, or at the colon before a formula, that a capital, a quote or a bold word follows. */
export function sentences(page: string): string[] {
  return page
    .split(/\n(?=- |#)|\n\n|(?<=^#.*)\n/m)
    .map((block) => block.split(/\s+/).join(' ').replace(/^- /, '').trim())
    .filter((block) => block !== '' && !block.startsWith('#'))
    .flatMap((block) => block.split(/(?<=\.)\s+(?=[A-Z`*])/))
}

/** What the page says of itself, or of a reader's choice: nothing that runs. */
export const notClaims: readonly string[] = [
  'This page decides what the right answer is.',
  'Code, tests and docs follow it;',
]

/** A fragment of the sentence → the tests that show it: file, and how the name begins. */
export const shownElsewhere: readonly (readonly [fragment: string, file: string, test: string])[] = [
  ['Every id that the pipeline makes is derived', 'schemas/identity.test.ts', 'an id is a version 5 UUID'],
  ['Temperatures are °C everywhere inside', 'processors/decoders/fallback.test.ts', 'gives °C, % and volts'],
  ['Humidity is % RH; battery is %', 'processors/decoders/fallback.test.ts', 'gives °C, % and volts'],
  [
    'For a Things Stack uplink it is the network',
    'bridge/things-stack.test.ts',
    'event time falls back to the envelope',
  ],
  [
    'Gateway clocks are never event time',
    'bridge/things-stack.test.ts',
    'gateway clocks are never event time',
  ],
  [
    'is when the bridge got it',
    'bridge/things-stack.test.ts',
    'event time falls back to the envelope, then to our clock',
  ],
  [
    'A join starts a new session',
    'processors/seen.test.ts',
    'a join starts a new session: the same counter is another',
  ],
  ['A join starts a new session', 'bridge/things-stack.test.ts', 'zero is omitted in that JSON'],
  ["A unit's effective rule is organization", 'ops/fleet/rules.test.ts', 'the narrowest set value of each'],
  ['It is resolved where it is edited', 'ops/fleet/rules.test.ts', 'a change in any scope makes a version'],
  ['A counter in the payload', 'processors/door.test.ts', 'a counter that shows lost edges adds openings'],
  [
    'Time in which the pipeline itself was behind',
    'topology/clock.test.ts',
    'while the task is behind, marks queue up and pass',
  ],
  ['In a replay the clock', 'topology/clock.test.ts', 'a source goes by the wall clock, or in a replay'],
  [
    'Sensors that share a gateway and fall silent together',
    'processors/gateway-incident.test.ts',
    'sensors that share a gateway and fall silent together are one incident that lists its units',
  ],
  [
    '`active → acknowledged → resolved`, or `escalated` by time',
    'processors/alert.test.ts',
    'escalated by time unacknowledged: each level at its instant, by timer',
  ],
  [
    '`active → acknowledged → resolved`, or `escalated` by time',
    'processors/alert.test.ts',
    'an acknowledged alert is not escalated any more',
  ],
]

/** Sentences that no test quotes and that stand in no table. */
export function unshown(): string[] {
  const names = quotedNames()
  const shown = [...names, ...notClaims, ...shownElsewhere.map(([fragment]) => fragment)]
  return sentences(read('docs/semantics.md')).filter(
    (sentence) => !shown.some((fragment) => sentence.includes(fragment)),
  )
}

/** Names of cases beside this file that quote no sentence: misspelt, or of a sentence that is gone. */
export function misquoted(): string[] {
  const all = sentences(read('docs/semantics.md'))
  return quotedNames().filter((name) => !all.some((sentence) => sentence.includes(name)))
}

export const missingElsewhere = (): string[] =>
  shownElsewhere.flatMap(([, file, test]) => (read(file).includes(test) ? [] : [`${file}: ${test}`]))

/** A name quotes the page up to ` | `; behind it, it says which case of the sentence this is. */
function quotedNames(): string[] {
  return readdirSync(new URL('ops/semantics/', root))
    .filter((file) => file.endsWith('.test.ts') && file !== 'page.test.ts')
    .flatMap((file) => [...read(`ops/semantics/${file}`).matchAll(/^test\(\s*(['"])(.+?)\1,/gms)])
    .map(([, , name]) => (name ?? '').split(' | ')[0] ?? '')
}

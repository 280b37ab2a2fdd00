// For tests: bodies that are almost right. Seeded, so that a failure can be met again.
import { readFileSync } from 'node:fs'
import { uplinkBody } from './posting.ts'

/** mulberry32: 32 bits of state, enough to choose mutations. */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const oddValues: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 2 ** 31, 2 ** 32, 2 ** 53, 1e308, -0],
  ...[
    '',
    ' ',
    '0',
    '-1',
    'null',
    '0001-01-01T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '9999-12-31T23:59:59.9+23:59',
  ],
  ...['\0', '\ud800', '💥', '=', '====', 'AA==', '../..', 'a|b', '__proto__', 'f'.repeat(300)],
  ...[[], [null], [[]], {}, { value: 1 }, { toString: 1 }, { length: -1 }, [{ gateway_ids: null }]],
]
const oddTexts = ['1e400', '-1e400', '01', 'NaN', '"\\ud800"', '{"__proto__":{}}', '"\\u0000"', '[', '}', '"']

type Tree = Record<string, unknown> | unknown[]

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null

/** Every place in the tree: its parent and its name there. */
function places(tree: Tree): [Tree, string][] {
  return Object.entries(tree).flatMap(([name, value]) => [
    [tree, name] as [Tree, string],
    ...(isTree(value) ? places(value) : []),
  ])
}

function mutateTree(tree: Tree, chance: () => number): void {
  const all = places(tree)
  const [parent, name] = all[Math.floor(chance() * all.length)] ?? [tree, 'added']
  const kind = chance()
  if (kind < 0.25) Reflect.deleteProperty(parent, name)
  else if (kind < 0.85)
    Reflect.set(parent, name, structuredClone(oddValues[Math.floor(chance() * oddValues.length)]))
  else if (kind < 0.95) Reflect.set(parent, `${name}x`, structuredClone(Reflect.get(parent, name)))
  else Reflect.set(parent, name, 'z'.repeat(chance() * 40_000))
}

function mutateBytes(bytes: Buffer, chance: () => number): Buffer {
  const at = Math.floor(chance() * bytes.length)
  const kind = chance()
  if (kind < 0.25) return bytes.subarray(0, at)
  if (kind < 0.5)
    return Buffer.concat([bytes.subarray(0, at), Buffer.from([chance() * 256]), bytes.subarray(at + 1)])
  if (kind < 0.75) {
    const odd = oddTexts[Math.floor(chance() * oddTexts.length)] ?? ''
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(odd), bytes.subarray(at)])
  }
  return Buffer.concat([bytes.subarray(at), bytes.subarray(0, at)])
}

export function* mutations(count: number, seed: number): Generator<Buffer> {
  const chance = random(seed)
  const documented = ['01-docs-uplink', '02-docs-join-accept', '03-docs-downlink-ack'].map((name) =>
    readFileSync(new URL(`./${name}.json`, import.meta.url), 'utf8'),
  )
  const bare = JSON.stringify(uplinkBody())
  const wrapped = [
    { message: { data: Buffer.from(bare).toString('base64') } },
    [{ data: uplinkBody() }, { data: uplinkBody({ f_cnt: 8 }) }],
    { Type: 'Notification', Message: bare },
  ]
  const seeds = [bare, ...documented, ...wrapped.map((body) => JSON.stringify(body))]
  for (let made = 0; made < count; made += 1) {
    const tree: Tree = JSON.parse(seeds[made % seeds.length] ?? '{}')
    const times = 1 + Math.floor(chance() * 3)
    for (let time = 0; time < times; time += 1) mutateTree(tree, chance)
    const bytes = Buffer.from(JSON.stringify(tree))
    yield chance() < 0.25 ? mutateBytes(bytes, chance) : bytes
  }
}

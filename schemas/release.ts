// Keeps a copy of every contract that differs from its newest released one, under released/<n>/: run it once when a
// release changes contracts. compatibility.test.ts proves that today's contracts read all of them.
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { topicNames } from './topics.ts'

const folder = new URL('./', import.meta.url)
const releases = new URL('released/', folder)
mkdirSync(releases, { recursive: true })
const numbers = readdirSync(releases)
  .map(Number)
  .sort((a, b) => b - a)
const next = new URL(`released/${(numbers[0] ?? 0) + 1}/`, folder)

const newestCopy = (file: string): string | undefined =>
  numbers
    .map((n) => new URL(`released/${n}/${file}`, folder))
    .filter((copy) => existsSync(copy))
    .map((copy) => readFileSync(copy, 'utf8'))[0]

for (const file of topicNames.map((topic) => `${topic}.avsc`)) {
  const current = new URL(file, folder)
  if (newestCopy(file) === readFileSync(current, 'utf8')) continue
  mkdirSync(next, { recursive: true })
  cpSync(current, new URL(file, next))
  console.log(`${next.pathname}${file}`)
}

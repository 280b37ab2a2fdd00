import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { promtoolPath } from '../testing/promtool.ts'

const filesOf = (folder: string) =>
  readdirSync(join(import.meta.dirname, folder))
    .filter((name) => name.endsWith('.yml'))
    .map((name) => join(import.meta.dirname, folder, name))

let promtool = ''
beforeAll(async () => {
  promtool = await promtoolPath()
}, 300_000)

const run = (...args: string[]) =>
  promisify(execFile)(promtool, args).then(
    ({ stdout }) => stdout,
    ({ stdout, stderr }: { stdout: string; stderr: string }) => `${stdout}\n${stderr}`,
  )

type Rules = { groups: { rules: { alert: string; annotations: Record<string, string> }[] }[] }

test('promtool understands every rule', async () => {
  expect(await run('check', 'rules', ...filesOf('rules'))).not.toMatch(/FAILED|error/i)
})

test.each(filesOf('tests'))('the alerts of %s fire when they should, and not before', async (file) => {
  expect(await run('test', 'rules', file)).toContain('SUCCESS')
})

test.each(filesOf('rules'))(
  'every alert of %s says what it means, and names a runbook that is there',
  (file) => {
    const { groups } = parse(readFileSync(file, 'utf8')) as Rules
    for (const { alert, annotations } of groups.flatMap(({ rules }) => rules)) {
      expect(annotations.summary, alert).toBeTruthy()
      const [page = '', anchor] = (annotations.runbook ?? '').split('#')
      const headings = readFileSync(join(import.meta.dirname, '../..', page), 'utf8').matchAll(/^#+ (.+)$/gm)
      const anchors = Array.from(headings, ([, text = '']) =>
        text
          .toLowerCase()
          .replaceAll(/[^\w\s-]/g, '')
          .trim()
          .replaceAll(/\s+/g, '-'),
      )
      expect(anchors, alert).toContain(anchor)
    }
  },
)

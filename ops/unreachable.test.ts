import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { unreachable } from './unreachable.ts'

const failing = (code: string, message: string) => Object.assign(new Error(message), { code })

test('what does not answer is named, however deep the reason lies', () => {
  const refused = failing('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1')
  const said =
    'Nothing answers: connect ECONNREFUSED 127.0.0.1:1. Check the addresses in the settings, and that what they name runs.'
  expect(unreachable(refused)).toBe(said)
  expect(unreachable(new TypeError('fetch failed', { cause: refused }))).toBe(said)
  expect(unreachable(Object.assign(new AggregateError([refused]), { code: 'ECONNREFUSED' }))).toBe(said)
})

test('a wrong password or database is said to be one', () => {
  expect(unreachable(failing('28P01', 'password authentication failed for user "me"'))).toBe(
    'Postgres does not let it in: password authentication failed for user "me". Check user, password and database in DATABASE_URL.',
  )
  expect(unreachable(failing('3D000', 'database "nodb" does not exist'))).toContain('DATABASE_URL')
})

test('a defect is not talked away', () => {
  expect(unreachable(new TypeError('x is not a function'))).toBeUndefined()
  expect(unreachable(failing('42P01', 'relation "x" does not exist'))).toBeUndefined()
  expect(unreachable('text')).toBeUndefined()
})

test('a command ends with the sentence and 1', async () => {
  const entry = join(import.meta.dirname, 'coldstream.ts')
  const ran = promisify(execFile)(process.execPath, [entry, 'migrate'], {
    env: { ...process.env, DATABASE_URL: 'postgres://127.0.0.1:1/x' },
  })
  await expect(ran).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^Nothing answers: .*\n$/),
  })
})

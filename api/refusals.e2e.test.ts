// What the read API refuses, and how it says so; over a real Postgres, and without one.
import pino from 'pino'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { openTo } from './access/access.ts'
import { createServer } from './server.ts'
import { type FilledApi, filledApi } from './testing/filled-api.ts'
import { idOf, NOW } from './testing/rows.ts'

let postgres: Postgres
let api: FilledApi
const silent = pino({ level: 'silent' })

beforeAll(async () => {
  postgres = openPostgres(await freshDatabase())
  api = await filledApi(postgres, silent)
})
afterAll(async () => {
  await api?.app.close()
  await postgres?.end()
})
beforeEach(() => {
  api.statements()
})

const unitQuery = (fields: string, name: string) => `{ unit(id: "${idOf(name)}") { ${fields} } }`
const askUnit = async (name: string, fields: string) => {
  const { data, errors } = await api.ask(unitQuery(fields, name))
  expect(errors).toBeUndefined()
  return data.unit
}

describe('refusals', () => {
  const refusalOf = async (query: string, variables = {}) => {
    // The third time a query runs compiled: it must refuse just so.
    const [{ errors }, , compiled] = [
      await api.ask(query, variables),
      await api.ask(query, variables),
      await api.ask(query, variables),
    ]
    expect(compiled.errors).toEqual(errors)
    expect(errors?.[0]?.extensions.advice).toMatch(/\w+/)
    return `${errors?.[0]?.extensions.code}: ${errors?.[0]?.message}`
  }
  const readings = (args: string) => unitQuery(`readings(${args}) { nodes { recordedAt } }`, 'Salad bar')

  test('say what is wrong, with a code and advice', async () => {
    const doorCursor = (await askUnit('Dairy wall', 'doorOpenings { pageInfo { endCursor } }')).doorOpenings
      .pageInfo.endCursor
    expect(await refusalOf('{ unit(id: "fridge-1") { name } }')).toBe('BAD_ID: "fridge-1" is not an id.')
    expect(await refusalOf(readings('first: 1001'))).toBe(
      'BAD_PAGE: `readings` was asked for 1001 nodes; a page has 1 to 1000.',
    )
    expect(await refusalOf(readings('first: 1, last: 1'))).toBe(
      'BAD_PAGE: `readings` was given both `first` and `last`.',
    )
    expect(await refusalOf(readings('after: "nonsense"'))).toBe(
      'BAD_CURSOR: "nonsense" is not a cursor of this API.',
    )
    expect(await refusalOf(readings(`after: "${doorCursor}"`))).toBe(
      'BAD_CURSOR: This cursor belongs to `doorOpenings`, it cannot page `readings`.',
    )
    expect(await refusalOf(readings('from: "2026-02-03T00:00:00Z", to: "2026-02-02T00:00:00Z"'))).toMatch(
      /^BAD_RANGE: /,
    )
    expect(await refusalOf(readings('from: "2026-02-03 00:00"'))).toBe(
      'BAD_INPUT: "2026-02-03 00:00" is not an instant: give ISO 8601 with an offset, such as 2026-02-01T08:30:00.000Z.',
    )
    expect(
      await refusalOf(
        'query ($f: DateTime) { now organizations { sites { nodes { units { nodes { alerts(from: $f) { nodes { id } } } } } } } }',
        { f: '2026-02-30T00:00:00Z' },
      ),
    ).toContain('"2026-02-30T00:00:00Z" is not an instant')
    expect(await refusalOf('{ organisations { name } }')).toMatch(
      /^INVALID_QUERY: .*Did you mean "organizations"/,
    )
  })

  test('stop a query that goes too deep or could bring too much, before any statement', async () => {
    expect(
      await refusalOf(
        `{ organizations { ${'sites { nodes { organization { '.repeat(4)} name ${'} } }'.repeat(4)} } }`,
      ),
    ).toMatch(/^TOO_DEEP: The query is 14 levels deep; 12 are allowed/)
    expect(
      await refusalOf(
        'query ($n: Int) { organizations { sites { nodes { units { nodes { readings(first: $n) { nodes { recordedAt } } } } } } } }',
        { n: 1000 },
      ),
    ).toMatch(/^TOO_COMPLEX: The query could bring \d+ rows; 1000000 are allowed/)
    expect(api.statements()).toEqual([])
  })

  test('hide what failed inside', async () => {
    const app = await createServer({
      access: openTo(() =>
        Promise.reject(
          Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:5432'), { code: 'ECONNREFUSED' }),
        ),
      ),
      now: () => NOW,
      logger: silent,
    })
    const answer = await app.inject({
      method: 'POST',
      url: '/graphql',
      payload: { query: '{ organizations { name } }' },
    })
    expect(answer.statusCode).toBe(503)
    expect(answer.json().errors[0]).toMatchObject({
      message: 'The database cannot be reached.',
      extensions: { code: 'UNAVAILABLE', advice: expect.stringContaining('/health/ready') },
    })
    expect(answer.body).not.toContain('10.1.2.3')
    const ready = await app.inject('/health/ready')
    expect([ready.statusCode, ready.json().problem]).toEqual([503, expect.stringContaining('DATABASE_URL')])
    expect((await app.inject('/health')).statusCode).toBe(200)
    await app.close()
  })
})

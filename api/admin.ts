// /api/admin/housekeeper: what the housekeeper does and when, what became of it, and asking for it now. The housekeeper is
// another process; they meet in its tables. Only who knows ADMIN_KEY comes in.
import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Query } from './database.ts'

export type Admin = {
  /** Empty: all of it is closed. */
  key: string
  /** A statement that may write. */
  change: Query
}

const RUNS_MAX = 200
const RUNS_USUAL = 50

const digest = (text: string) => createHash('sha256').update(text).digest()

/** Compares digests, which have one length, so that the time tells nothing of the key. */
export function isAdminKey(given: string | undefined, key: string): boolean {
  return key !== '' && timingSafeEqual(digest(given ?? ''), digest(key))
}

function keyOf({ headers }: FastifyRequest): string | undefined {
  const bearer = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1]
  const own = headers['x-api-key']
  return bearer ?? (typeof own === 'string' ? own : undefined)
}

const refusals = {
  ADMIN_CLOSED: [403, 'There is no key for this part.', 'Set ADMIN_KEY for the API and start it again.'],
  NOT_AUTHORIZED: [401, 'The key is missing or wrong.', 'Send ADMIN_KEY as `Authorization: Bearer …`.'],
  NO_SUCH_TASK: [404, 'There is no such task.', 'GET /api/admin/housekeeper/tasks lists them.'],
} as const

function refuse(reply: FastifyReply, code: keyof typeof refusals): FastifyReply {
  const [status, message, advice] = refusals[code]
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="coldstream"')
  return reply.code(status).send({ code, message, advice })
}

const schema = (summary: string, more: object = {}) => ({
  schema: { tags: ['administration'], summary, ...more },
})

const runsQuery = {
  querystring: {
    type: 'object',
    additionalProperties: false,
    properties: {
      task: { type: 'string', description: 'Of one task only.' },
      limit: { type: 'integer', minimum: 1, maximum: RUNS_MAX, default: RUNS_USUAL },
    },
  },
}

export function addAdmin(app: FastifyInstance, query: Query, { key, change }: Admin): void {
  app.register(async (admin) => {
    admin.addHook('onRequest', async (request, reply) => {
      if (key === '') return refuse(reply, 'ADMIN_CLOSED')
      if (!isAdminKey(keyOf(request), key)) return refuse(reply, 'NOT_AUTHORIZED')
    })
    const path = '/api/admin/housekeeper'
    admin.get(`${path}/tasks`, schema('Tasks of the housekeeper, and how each stands'), async () => ({
      tasks: await query(tasksSql, []),
    }))
    admin.post<{ Params: { name: string } }>(
      `${path}/tasks/:name/run`,
      schema('Ask for a task now; a housekeeper takes it within a second or two'),
      async (request, reply) => {
        const [asked] = await change<{ task: string; requestedAt: Date }>(askSql, [request.params.name])
        if (asked === undefined) return refuse(reply, 'NO_SUCH_TASK')
        request.log.info({ task: asked.task }, 'A task is asked for')
        return reply.code(202).send(asked)
      },
    )
    admin.get<{ Querystring: { task?: string; limit: number } }>(
      `${path}/runs`,
      schema('The history, newest first', runsQuery),
      async ({ query: { task, limit } }) => ({ runs: await query(runsSql, [task ?? null, limit]) }),
    )
  })
}

const runColumns = `id, task_name as task, cause, owner, outcome, started_at as "startedAt",
  finished_at as "finishedAt", summary, error`

const tasksSql = `
  select t.task_name as name, t.schedule, t.next_run_at as "nextRunAt", t.requested_at as "requestedAt",
    t.lease_until > now() as "isRunning", to_jsonb(last) as "lastRun"
  from housekeeper_tasks t
  left join lateral (select ${runColumns} from housekeeper_runs r where r.task_name = t.task_name
                     order by id desc limit 1) last on true
  order by 1`

const askSql = `
  update housekeeper_tasks set requested_at = now(), requested_by = 'api' where task_name = $1
  returning task_name as task, requested_at as "requestedAt"`

const runsSql = `
  select ${runColumns} from housekeeper_runs where $1::text is null or task_name = $1 order by id desc limit $2`

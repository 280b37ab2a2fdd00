// The schema of a replay: empty copies of the pipeline's tables, into which an ordinary sink writes.
import type { Postgres } from '../../infra/postgres.ts'

/** What a replay must not have of its own: it is about the database, not about the pipeline's data. */
const shared: readonly string[] = ['schema_migrations', 'replays', 'dead_letter_retries']

type Table = { name: string; partitionKey: string | null; hasDefault: boolean }

/** All tables, so that whatever the sink writes has its place; registry and bookkeeping stay empty. */
export async function createShadow(db: Postgres, schema: string): Promise<void> {
  await db.transaction(
    async (sql) => {
      const { rows } = await sql.query<Table>(
        `select c.relname::text as name, pg_get_partkeydef(c.oid) as "partitionKey",
           coalesce(p.partdefid <> 0, false) as "hasDefault"
         from pg_class c left join pg_partitioned_table p on p.partrelid = c.oid
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
           and c.relname <> all($1) order by 1`,
        [shared],
      )
      await sql.query(`create schema ${schema}`)
      for (const { name, partitionKey, hasDefault } of rows) {
        const table = `${schema}.${quoted(name)}`
        const by = partitionKey === null ? '' : ` partition by ${partitionKey}`
        await sql.query(`create table ${table} (like public.${quoted(name)} including all)${by}`)
        if (hasDefault)
          await sql.query(`create table ${schema}.${quoted(`${name}_default`)} partition of ${table} default`)
      }
    },
    { statementTimeoutMs: 0 },
  )
}

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`

/** A session that sees nothing but the replay's tables. A startup option, so it must be the direct address. */
export function shadowUrl(databaseUrl: string, schema: string): string {
  const url = new URL(databaseUrl)
  url.searchParams.set('options', `-c search_path=${schema}`)
  return url.href
}

/** A pooler in between may drop the option silently: then the sink would write into the production tables. */
export async function isShadow(shadow: Postgres, schema: string): Promise<boolean> {
  const { rows } = await shadow.query<{ schema: string | null }>('select current_schema() as schema')
  return rows[0]?.schema === schema
}

import { expect, onTestFinished, test } from 'vitest'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { schemaText } from '../schemas/codec.ts'
import { CopyBuffer } from './copy-binary.ts'
import { events } from './events.ts'
import { type SinkTopic, sinkTables, type TableRows } from './rows.ts'

async function openDatabase(): Promise<Postgres> {
  const db = openPostgres(await freshDatabase(), { connectionsMax: 2 })
  onTestFinished(() => db.end())
  return db
}

test('Postgres reads back what the encoder wrote, for every type and its extremes', async () => {
  const db = await openDatabase()
  await db.query(`create table every (i int, u uuid, t timestamptz(3), f float8, n int4, l int8, b bool, x text,
    e unit_type, y bytea, j jsonb, a timestamptz(3)[])`)
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index))
  const rows = [
    {
      ...{
        u: 'a0eebc99-9c0b-5ef8-8b6d-6bb9bd380a11',
        t: Date.parse('2026-02-03T04:05:06.789Z'),
        f: 4.2,
        n: 7,
        l: 2 ** 40,
      },
      ...{
        b: true,
        x: 'Kühlschrank 冷蔵庫 🧊',
        e: 'walk_in_cooler',
        y: bytes,
        j: { a: [1, null, 'ü"\\'] },
        a: [0, 1],
      },
    },
    {
      ...{
        u: '00000000-0000-0000-0000-000000000000',
        t: -1,
        f: -0,
        n: -(2 ** 31),
        l: -Number.MAX_SAFE_INTEGER,
      },
      ...{ b: false, x: '', e: 'fridge', y: Buffer.alloc(0), j: {}, a: [] },
    },
    {
      ...{
        u: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
        t: Date.UTC(1850, 5, 5),
        f: Number.MIN_VALUE,
        n: 2 ** 31 - 1,
      },
      ...{ l: 0, b: true, x: 'a\tb\nc\\', e: 'freezer', y: Buffer.from([0]), j: 'text', a: [] },
    },
    {
      ...{ u: null, t: Date.UTC(2299, 0, 1), f: Number.MAX_VALUE, n: null, l: null },
      ...{ b: null, x: null, e: null, y: null, j: 1.5, a: [Date.UTC(2026, 0, 1)] },
    },
  ]
  const buffer = new CopyBuffer(1)
  for (const [index, row] of rows.entries())
    buffer.row(12, (to) => {
      to.int4(index)
      to.uuid(row.u)
      to.timestampMs(row.t)
      to.float8(row.f)
      to.int4(row.n)
      to.int8(row.l)
      to.bool(row.b)
      to.text(row.x)
      to.text(row.e)
      to.bytea(row.y)
      to.jsonb(row.j)
      to.array(1184, row.a, (ms) => to.timestampMs(ms))
    })
  await db.transaction((sql) => sql.copyIn('copy every from stdin (format binary)', buffer.finish()))
  const found = await db.query('select * from every order by i')
  expect(found.rows).toEqual(
    rows.map(({ t, a, ...row }, i) => ({ i, ...row, t: new Date(t), a: a.map((ms) => new Date(ms)) })),
  )
})

test('the columns of every topic are the columns of its table, and its key is unique there', async () => {
  const db = await openDatabase()
  for (const table of [...Object.values(sinkTables), events] as TableRows<never>[]) {
    const { rows } = await db.query(
      `select column_name as name from information_schema.columns
       where table_name = $1 and table_schema = current_schema() order by 1`,
      [table.table],
    )
    expect(
      rows.map(({ name }) => name),
      table.table,
    ).toEqual([...table.columns].sort())
    const keys = await db.query(
      `select array_agg(attname::text order by attname) as key from pg_index
       join pg_attribute on attrelid = indrelid and attnum = any(indkey)
       where indrelid = $1::regclass and indisprimary`,
      [table.table],
    )
    expect(keys.rows[0]!.key, table.table).toEqual([...table.key].sort())
  }
})

type AvroField = { name: string; type: unknown }

/** The symbols of each enum in a contract, by the name of the field that has it. */
function enumsOf(topic: SinkTopic): [string, string[]][] {
  const { fields } = JSON.parse(schemaText(topic)) as { fields: AvroField[] }
  return fields.flatMap(({ name, type }) =>
    [type].flat().flatMap((part): [string, string[]][] => {
      const found = part as { type?: string; symbols?: string[] }
      return found?.type === 'enum' ? [[name, found.symbols ?? []]] : []
    }),
  )
}

test('Postgres knows every symbol of every enum that a contract allows', async () => {
  const db = await openDatabase()
  for (const [topic, table] of Object.entries(sinkTables) as [SinkTopic, TableRows<never>][])
    for (const [field, symbols] of enumsOf(topic)) {
      const column = field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
      if (!table.columns.includes(column)) continue
      const { rows } = await db.query(
        `select array_agg(enumlabel::text) as labels from pg_enum where enumtypid =
         (select atttypid from pg_attribute where attrelid = $1::regclass and attname = $2)`,
        [table.table, column],
      )
      expect(rows[0]!.labels, `${topic} ${field}`).toEqual(expect.arrayContaining(symbols))
    }
})

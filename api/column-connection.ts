// A page of rows that came as columns: its nodes are written from them where that can be done, else they become rows.
import { type Connection, type CursorKey, connectionOf, encodeCursor, type Page } from './page.ts'
import { type Columns, rowsOf } from './queries/columns.ts'
import { type Asking, writeNodes } from './written-nodes.ts'

type Row = Record<string, unknown>

/** `columns` are in the page's direction, and hold one row more than the page where there is more. */
export function connectionOfColumns(
  field: string,
  page: Page,
  columns: Columns,
  keyOf: (row: never) => CursorKey,
  asking: Asking | undefined,
): Connection<Row> {
  const rows = rowsOf(columns)
  const all: number[] = []
  for (let place = 0; place < rows.length; place++) all.push(place)
  const { nodes: places, pageInfo } = connectionOf(field, page, all, (place) =>
    keyOf(rows.at(place) as never),
  )
  return {
    nodes:
      asking !== undefined && writeNodes(asking, places, rows) ? [] : places.map((place) => rows.at(place)),
    pageInfo,
    cursorOf: (row) => encodeCursor(field, keyOf(row as never)),
  }
}

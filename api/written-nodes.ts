// The nodes of a connection, written as JSON row by row: to build 36,500 objects, execute four fields of each and write them then
// takes five times as long. It is done where only plain fields are asked for, by the fields' own resolvers and serializers; where
// anything else is asked, or anything is wrong with a row, nothing is written and GraphQL does it all, with its errors.
import type { FieldNode, GraphQLField, GraphQLLeafType, GraphQLResolveInfo, SelectionSetNode } from 'graphql'
import {
  getArgumentValues,
  getNamedType,
  getNullableType,
  isLeafType,
  isNonNullType,
  isObjectType,
  Kind,
} from 'graphql/index.js'
import type { Info } from './asked-fields.ts'
import { JsonText } from './json-text.ts'
import type { Rows } from './queries/columns.ts'

export type Asking = {
  /** Of the operation, whose answer the text is put into. */
  context: object
  info: Info
}

type Row = Readonly<Record<string, unknown>>
type Written = { keys: readonly (string | number)[]; text: JsonText }

const written = new WeakMap<object, Written[]>()

/** Whether those at `places` are written, so that the field is to answer an empty list. */
export function writeNodes({ context, info }: Asking, places: readonly number[], rows: Rows): boolean {
  const lists = listsOf(info, context)
  if (lists === null) return false
  try {
    const path = keysOf(info.path)
    const texts = lists.map(({ key, write }) => ({ keys: [...path, key], text: textOf(places, rows, write) }))
    written.set(context, [...(written.get(context) ?? []), ...texts])
    return true
  } catch {
    return false
  }
}

type List = { key: string; write: Write }
type Write = (row: Row) => string

/** Of one operation; by the nodes of the field, which are the same for all elements of a list. */
const known = new WeakMap<object, Map<Info['fieldNodes'], List[] | null>>()

/** Null where more than plain fields are asked for. */
function listsOf(info: Info, context: object): List[] | null {
  const ofOperation = known.get(context) ?? new Map<Info['fieldNodes'], List[] | null>()
  known.set(context, ofOperation)
  const lists = ofOperation.get(info.fieldNodes)
  if (lists !== undefined) return lists
  const found = foundLists(info, context)
  ofOperation.set(info.fieldNodes, found)
  return found
}

function foundLists(info: Info, context: object): List[] | null {
  try {
    return listsIn(info).map(([key, leaves]) => ({ key, write: rowWriter(leaves, context) }))
  } catch {
    return null
  }
}

/** Puts what was written for an operation into its data; whether there was something. */
export function putWritten(context: object, data: unknown): boolean {
  const texts = written.get(context) ?? []
  for (const { keys, text } of texts) put(data, keys, text)
  return texts.length > 0
}

/** An error may have made null of what stands above it. */
function put(data: unknown, keys: readonly (string | number)[], text: JsonText): void {
  const last = keys.at(-1) ?? ''
  const place = keys
    .slice(0, -1)
    .reduce<unknown>((above, key) => (above as Record<string | number, unknown> | null)?.[key], data)
  if (place != null && Object.hasOwn(place, last)) (place as Record<string | number, unknown>)[last] = text
}

function keysOf(path: GraphQLResolveInfo['path'] | undefined): (string | number)[] {
  return path === undefined ? [] : [...keysOf(path.prev), path.key]
}

type Leaf = { key: string; node: FieldNode; field: GraphQLField<unknown, unknown> }
type Leaves = { leaves: readonly Leaf[]; variables: Info['variableValues'] }

/** By key the lists of nodes that are asked for, with their fields. Throws where one has more than plain fields. */
function listsIn({ fieldNodes, fragments, returnType, variableValues }: Info): [string, Leaves][] {
  const connection = getNamedType(returnType)
  if (!isObjectType(connection)) throw new NotPlain()
  const flat = (name: string, nodes: readonly FieldNode[]): FieldNode[] =>
    nodes.flatMap(({ selectionSet }) => fieldsOf(selectionSet, name, fragments))
  const below = flat(connection.name, fieldNodes)
  if (below.some(({ name }) => name.value === 'edges')) throw new NotPlain()
  const nodeType = getNamedType(connection.getFields().nodes?.type)
  if (!isObjectType(nodeType)) throw new NotPlain()
  const lists = Map.groupBy(
    below.filter(({ name }) => name.value === 'nodes'),
    keyOf,
  )
  return [...lists].map(([key, nodes]) => {
    const fields = Map.groupBy(flat(nodeType.name, nodes), keyOf)
    // Of one key all have the same name and arguments: the query would else not be valid.
    const leaves = [...fields].map(([leafKey, [node]]) => leafOf(leafKey, node, nodeType.getFields()))
    return [key, { leaves, variables: variableValues }]
  })
}

class NotPlain extends Error {}

const keyOf = ({ alias, name }: FieldNode): string => (alias ?? name).value

function leafOf(
  key: string,
  node: FieldNode | undefined,
  fields: Readonly<Record<string, GraphQLField<unknown, unknown>>>,
): Leaf {
  const field = fields[node?.name.value ?? '']
  if (node === undefined || field === undefined || !isLeafType(getNullableType(field.type)))
    throw new NotPlain()
  return { key, node, field }
}

function fieldsOf(
  set: SelectionSetNode | undefined,
  type: string,
  fragments: GraphQLResolveInfo['fragments'],
): FieldNode[] {
  return (set?.selections ?? []).flatMap((selection) => {
    if ((selection.directives?.length ?? 0) > 0) throw new NotPlain()
    if (selection.kind === Kind.FIELD) return [selection]
    const fragment = selection.kind === Kind.INLINE_FRAGMENT ? selection : fragments[selection.name.value]
    if ((fragment?.typeCondition?.name.value ?? type) !== type) throw new NotPlain()
    return fieldsOf(fragment?.selectionSet, type, fragments)
  })
}

/** Bytes, because a string of a million pieces keeps each of them until it is sent. */
function textOf(places: readonly number[], rows: Rows, write: Write): JsonText {
  let text = '['
  const row = {}
  for (const place of places) text += (text === '[' ? '' : ',') + write(rows.at(place, row))
  return new JsonText(Buffer.from(`${text}]`))
}

function rowWriter({ leaves, variables }: Leaves, context: object): Write {
  const parts = leaves.map(({ key, node, field }, i) => ({
    before: `${i === 0 ? '{' : ','}${JSON.stringify(key)}:`,
    read: readerOf(field, getArgumentValues(field, node, variables), context),
    textOfLeaf: leafWriter(getNullableType(field.type) as GraphQLLeafType, isNonNullType(field.type)),
  }))
  return (row) => {
    let text = ''
    for (const { before, read, textOfLeaf } of parts) text += before + textOfLeaf(read(row))
    return `${text}}`
  }
}

function readerOf(
  { name, resolve }: GraphQLField<unknown, unknown>,
  args: Record<string, unknown>,
  context: object,
): (row: Row) => unknown {
  // None of a row's resolvers looks at where it stands in the query.
  return resolve ? (row) => resolve(row, args, context, undefined as never) : (row) => row[name]
}

function leafWriter(type: GraphQLLeafType, isNonNull: boolean): (value: unknown) => string {
  // An instant has nothing that would have to be escaped.
  const quoted = type.name === 'DateTime' ? (text: string) => `"${text}"` : JSON.stringify
  const write = (value: unknown): string => {
    const leaf = value == null ? null : type.serialize(value)
    if (typeof leaf === 'string') return quoted(leaf)
    if (typeof leaf === 'boolean' || Number.isFinite(leaf)) return String(leaf)
    if (leaf === null && !isNonNull) return 'null'
    throw new NotPlain()
  }
  return type.name === 'DateTime' ? oncePerInstant(write) : write
}

/** The days of a hundred units begin at the same instants. */
function oncePerInstant(write: (value: unknown) => string): (value: unknown) => string {
  const texts = new Map<number, string>()
  return (value) => {
    if (!(value instanceof Date)) return write(value)
    const known = texts.get(value.getTime())
    if (known !== undefined) return known
    const text = write(value)
    texts.set(value.getTime(), text)
    return text
  }
}

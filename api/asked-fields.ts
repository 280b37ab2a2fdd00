// Which fields are asked for: of a year of rollups, or of the latest values of a thousand units, most of the time would go into
// columns that nobody wants.
import type { FieldNode, GraphQLResolveInfo, SelectionSetNode } from 'graphql'
import { Kind } from 'graphql/index.js'

export type Info = Pick<
  GraphQLResolveInfo,
  'fieldNodes' | 'fragments' | 'path' | 'returnType' | 'variableValues'
>
export type Infos = readonly (Info | undefined)[]

/** Names in the schema; undefined: it cannot be told. */
export type Fields = ReadonlySet<string> | undefined

/** Of a connection's nodes, whether below `nodes` or below `edges { node }`. */
export const nodeFields = (infos: Infos): Fields =>
  namesOf(infos, (field, info) =>
    fieldsOf(field.selectionSet, info)
      .flatMap((below) => (below.name.value === 'edges' ? fieldsOf(below.selectionSet, info) : [below]))
      .filter(({ name }) => name.value === 'nodes' || name.value === 'node')
      .flatMap((node) => fieldsOf(node.selectionSet, info)),
  )

/** Of the thing itself. */
export const ownFields = (infos: Infos): Fields =>
  namesOf(infos, (field, info) => fieldsOf(field.selectionSet, info))

function namesOf(infos: Infos, below: (field: FieldNode, info: Info) => readonly FieldNode[]): Fields {
  // All elements of a list have the same nodes.
  const places = new Map(infos.map((info) => [info?.fieldNodes, info]))
  const names = new Set<string>()
  for (const info of places.values()) {
    if (info?.fieldNodes === undefined) return undefined
    for (const field of info.fieldNodes) for (const { name } of below(field, info)) names.add(name.value)
  }
  return names
}

function fieldsOf(set: SelectionSetNode | undefined, info: Info): FieldNode[] {
  return (set?.selections ?? []).flatMap((selection) => {
    if (selection.kind === Kind.FIELD) return [selection]
    if (selection.kind === Kind.INLINE_FRAGMENT) return fieldsOf(selection.selectionSet, info)
    return fieldsOf(info.fragments[selection.name.value]?.selectionSet, info)
  })
}

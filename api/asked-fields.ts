// Which fields of a connection's nodes are asked for: of a year of rollups most of the time would go into columns that
// nobody wants.
import type { FieldNode, GraphQLResolveInfo, SelectionSetNode } from 'graphql'
import { Kind } from 'graphql/index.js'

export type Info = Pick<GraphQLResolveInfo, 'fieldNodes' | 'fragments'>

/** Names in the schema, whether below `nodes` or below `edges { node }`. Undefined: it cannot be told. */
export function askedFields(infos: readonly (Info | undefined)[]): ReadonlySet<string> | undefined {
  const names = new Set<string>()
  // All elements of a list have the same nodes.
  const places = new Map(infos.map((info) => [info?.fieldNodes, info]))
  for (const info of places.values()) {
    if (info?.fieldNodes === undefined) return undefined
    for (const field of info.fieldNodes)
      for (const below of fieldsOf(field.selectionSet, info)) {
        const nodes = below.name.value === 'edges' ? fieldsOf(below.selectionSet, info) : [below]
        for (const node of nodes)
          if (node.name.value === 'nodes' || node.name.value === 'node')
            for (const { name } of fieldsOf(node.selectionSet, info)) names.add(name.value)
      }
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

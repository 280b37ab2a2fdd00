// A topology for people: as text, as Mermaid; and which of its topics must have the same number of partitions.
import { type TopicContract, type TopicName, topics } from '../schemas/topics.ts'
import type { Stage, Topology } from './define.ts'

export function describeAsText(topology: Topology): string {
  const stages = topology.stages.flatMap((stage) => ['', ...stageLines(stage)])
  const groups = [...copartitioned(topology)].map(([key, names]) => `  by ${key}: ${names.join(', ')}`)
  return [
    `${topology.name}`,
    `  from outside: ${topology.sources.join(', ')}`,
    ...stages,
    '',
    'Same number of partitions:',
    ...groups,
  ].join('\n')
}

function stageLines({ name, stream, carrier, tables, outputs, changelog, upstream }: Stage): string[] {
  return [
    `${name} (a task for each partition of ${carrier})`,
    `  stream:    ${stream}${upstream.length > 0 ? `, written by ${upstream.join(', ')}` : ''}${carrier === stream ? '' : `, many a record in ${carrier}`}`,
    ...(tables.length > 0 ? [`  tables:    ${tables.join(', ')}`] : []),
    `  state:     ${changelog}`,
    `  outputs:   ${outputs.join(', ')}`,
  ]
}

export function describeAsMermaid(topology: Topology): string {
  const edges = topology.stages.flatMap((stage) => [
    `  ${id(stage.carrier)} --> ${stageId(stage)}`,
    ...writersOf(stage, topology).map((writer) => `  ${stageId(writer)} --> ${id(stage.carrier)}`),
    ...stage.tables.map((table) => `  ${id(table)} -.->|table| ${stageId(stage)}`),
    `  ${stageId(stage)} <-.->|state| ${id(stage.changelog)}`,
    ...stage.outputs.map((output) => `  ${stageId(stage)} --> ${id(output)}`),
  ])
  const nodes = [
    ...topicsOf(topology).map((topic) => `  ${id(topic)}[(${topic})]`),
    ...topology.stages.map((stage) => `  ${stageId(stage)}{{${stage.name} stage}}`),
  ]
  return ['flowchart LR', ...nodes, ...edges].join('\n')
}

/** Of batches: what is carried one by one is among the outputs. */
const writersOf = (stage: Stage, { stages }: Topology): Stage[] =>
  stage.carrier === stage.stream ? [] : stages.filter(({ name }) => stage.upstream.includes(name))

const id = (topic: TopicName): string => topic.replaceAll('-', '_')
const stageId = (stage: Stage): string => `stage_${stage.name.replaceAll('-', '_')}`

/** Every topic that the topology reads or writes, the watermarks and dead letters of the engine left out. */
export function topicsOf(topology: Topology): TopicName[] {
  const all = topology.stages.flatMap((s) => [s.stream, s.carrier, ...s.tables, s.changelog, ...s.outputs])
  return [...new Set([...topology.sources, ...all])]
}

/**
 * Topics of a key that a task reads by the number of its partition: they must have one number of partitions. Outputs
 * that nobody here reads may have any.
 */
export function copartitioned(topology: Topology): Map<TopicContract['key'], TopicName[]> {
  const groups = new Map<TopicContract['key'], TopicName[]>()
  for (const stage of topology.stages) {
    const joined = [stage.carrier, ...stage.tables]
    const { key } = topics[stage.carrier]
    const stranger = joined.find((topic) => topics[topic].key !== key)
    if (stranger) throw new Error(`Stage ${stage.name} joins ${stage.carrier} by ${key} with ${stranger}.`)
    groups.set(key, [...new Set([...(groups.get(key) ?? []), ...joined, stage.changelog])])
  }
  return groups
}

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

function stageLines({ name, stream, tables, outputs, changelog, upstream }: Stage): string[] {
  return [
    `${name} (a task for each partition of ${stream})`,
    `  stream:    ${stream}${upstream.length > 0 ? `, written by ${upstream.join(', ')}` : ''}`,
    ...(tables.length > 0 ? [`  tables:    ${tables.join(', ')}`] : []),
    `  state:     ${changelog}`,
    `  outputs:   ${outputs.join(', ')}`,
  ]
}

export function describeAsMermaid(topology: Topology): string {
  const edges = topology.stages.flatMap((stage) => [
    `  ${id(stage.stream)} --> ${stageId(stage)}`,
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

const id = (topic: TopicName): string => topic.replaceAll('-', '_')
const stageId = (stage: Stage): string => `stage_${stage.name.replaceAll('-', '_')}`

/** Every topic that the topology reads or writes, the watermarks and dead letters of the engine left out. */
export function topicsOf(topology: Topology): TopicName[] {
  const all = topology.stages.flatMap((s) => [s.stream, ...s.tables, s.changelog, ...s.outputs])
  return [...new Set([...topology.sources, ...all])]
}

/**
 * Topics of a key that a task reads by the number of its partition: they must have one number of partitions. Outputs
 * that nobody here reads may have any.
 */
export function copartitioned(topology: Topology): Map<TopicContract['key'], TopicName[]> {
  const groups = new Map<TopicContract['key'], TopicName[]>()
  for (const stage of topology.stages) {
    const joined = [stage.stream, ...stage.tables]
    const { key } = topics[stage.stream]
    const stranger = joined.find((topic) => topics[topic].key !== key)
    if (stranger) throw new Error(`Stage ${stage.name} joins ${stage.stream} by ${key} with ${stranger}.`)
    groups.set(key, [...new Set([...(groups.get(key) ?? []), ...joined, stage.changelog])])
  }
  return groups
}

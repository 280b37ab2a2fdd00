// Declares a topology: which processor reads which topics. The result is data, read by the engine, by `describe` and by
// the check of the topics. Topics are passed as typed handles, so that passing uplinks where readings belong does not
// compile.
import type { Processor } from '../processors/processor.ts'
import type { TopicName } from '../schemas/topics.ts'
import { carrierOf } from './carrier.ts'

/** A topic, known to carry `N`: from outside (`source`) or from a stage. */
export type Handle<N extends TopicName> = { readonly topic: N }

type Handles<N extends TopicName> = { readonly [K in N]: Handle<K> }

/** A processor whose types have been checked, for those who handle any. */
export type AnyProcessor = Processor<unknown, TopicName, TopicName, TopicName>

export type Stage = {
  /** The processor's name; names the stage in watermarks, metrics and dead letters. */
  name: string
  processor: AnyProcessor
  /** What the stage reads, beside its tables. */
  stream: TopicName
  /** The topic that brings it, whose partitions the stage's tasks follow: batches where another stage writes it. */
  carrier: TopicName
  /** Compacted topics of the same key, read to their end before the stream at a start. */
  tables: readonly TopicName[]
  outputs: readonly TopicName[]
  changelog: TopicName
  /** The stages that write the stream: their clocks make this stage's. None: the stream comes from outside. */
  upstream: readonly string[]
}

export type Topology = {
  name: string
  /** Topics that come from outside. */
  sources: readonly TopicName[]
  /** In the order of the flow: a stage comes after those that feed it. */
  stages: readonly Stage[]
}

export type Wiring = {
  /** A topic that is written by others. */
  source<N extends TopicName>(topic: N): Handle<N>
  /** Runs a processor over its topics and returns its outputs. */
  stage<State, In extends TopicName, Out extends TopicName, Changelog extends TopicName>(
    processor: Processor<State, In, Out, Changelog>,
    inputs: Handles<NoInfer<In>>,
  ): Handles<Out>
}

/** Throws where the wiring cannot run: that is a defect, found when the module is loaded. */
export function defineTopology(name: string, wire: (wiring: Wiring) => void): Topology {
  const sources: TopicName[] = []
  const stages: Stage[] = []
  wire({
    source: (topic) => {
      if (!sources.includes(topic)) sources.push(topic)
      return { topic }
    },
    stage: (processor) => {
      stages.push(stageOf(processor as unknown as AnyProcessor, stages))
      return handlesOf(processor.outputs)
    },
  })
  refuseClashes(sources, stages)
  return { name, sources, stages }
}

function stageOf(processor: AnyProcessor, earlier: readonly Stage[]): Stage {
  const { name, tables, streams, outputs, changelog } = processor
  const [stream, second] = streams
  // A second stream's partitions could be assigned to another process than the first's.
  if (stream === undefined || second !== undefined)
    throw new Error(`Stage ${name} must have exactly one stream, not ${streams.length}.`)
  const upstream = earlier.filter((stage) => stage.outputs.includes(stream)).map((stage) => stage.name)
  const carrier = (upstream.length > 0 && carrierOf(stream)) || stream
  return { name, processor, stream, carrier, tables, outputs, changelog, upstream }
}

function handlesOf<N extends TopicName>(topics: readonly N[]): Handles<N> {
  return Object.fromEntries(topics.map((topic) => [topic, { topic }])) as unknown as Handles<N>
}

function refuseClashes(sources: readonly TopicName[], stages: readonly Stage[]): void {
  const seen = new Set<string>()
  for (const { name } of stages) {
    if (seen.has(name)) throw new Error(`Two stages are called ${name}.`)
    seen.add(name)
  }
  const changelogs = stages.map((stage) => stage.changelog)
  const shared = changelogs.find((topic, i) => changelogs.indexOf(topic) !== i)
  if (shared) throw new Error(`Two stages keep their state in ${shared}.`)
  const made = sources.find((topic) => stages.some((stage) => stage.outputs.includes(topic)))
  if (made) throw new Error(`${made} is written by a stage: take it from there instead of from source().`)
}

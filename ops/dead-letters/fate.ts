// What can be done about a dead letter: sent back to the topic that it came from, or something else, and what.
import { type TopicName, topicName, topics } from '../../schemas/topics.ts'
import type { Letter } from './letters.ts'

export type Fate =
  | {
      kind: 'topic'
      /** Full name. */
      topic: string
      /** Of a table only the newest record of a key counts: it may go back only where nothing newer is there. */
      isTable: boolean
      advice: string
    }
  /** Sending it back would help nobody; `advice` says what does. */
  | { kind: 'stays'; advice: string }

const stays = (advice: string): Fate => ({ kind: 'stays', advice })
const isTopic = (name: string): name is TopicName => name in topics
const isChangelog = (name: string) => name.endsWith('-changelog')

export function fateOf(letter: Letter, prefix: string): Fate {
  const isStages = letter.topic === topicName(prefix, 'dead-letters')
  const name = isStages ? letter.source : letter.source.slice(prefix.length)
  if (isStages && letter.sourcePartition === null) return ofBridge(letter)
  if (!isTopic(name))
    return stays(`There is no topic ${name}: this letter is of another version of coldstream.`)
  if (isChangelog(name))
    return stays(
      'It holds the state of a key that could not be brought to its clock. The key rests until its next record: report the defect, ' +
        'start the corrected version, and the next record takes it up again.',
    )
  if (letter.key === null || letter.value === null)
    return stays(
      'Without a key and a value it would fail again: find who wrote it, and have it written anew.',
    )
  return isStages ? ofStages(name, prefix) : ofSink(name, prefix)
}

/** A dead letter of a stage has changed nothing there, and goes through as if it came now. */
function ofStages(name: TopicName, prefix: string): Fate {
  const isTable = topics[name].cleanup.policy === 'compact'
  const advice = isTable
    ? 'Put right what the explanation says and retry it, unless a newer record of its key is there.'
    : 'Put right what the explanation says (a schema, a version of coldstream), then retry it. A sample further behind its ' +
      "unit's newest than GRACE becomes a reading and changes no episode: for those, `coldstream replay` over its day."
  return { kind: 'topic', topic: topicName(prefix, name), isTable, advice }
}

/** The sink could not make a row of it, but others have read it from its topic. */
function ofSink(name: TopicName, prefix: string): Fate {
  if (name === 'readings' || name === 'reading-batches')
    return stays(
      'The unit stage has counted these readings, and would count them twice. Put right what the explanation says, then ' +
        '`coldstream replay` over its day and promote: that writes the missing rows from the log.',
    )
  return {
    kind: 'topic',
    topic: topicName(prefix, name),
    isTable: false,
    advice: 'Put right what the explanation says, then retry it: the row with the highest revision stays.',
  }
}

const ofBridge = ({ source }: Letter): Fate =>
  stays(
    `The bridge took it from its connection ${source}, so no topic has had it. Put right what sends it, then post the body once ` +
      `more: \`coldstream dead-letters show ID --value > body.json\` and ` +
      `\`curl --data-binary @body.json -H 'Content-Type: application/json' -H "X-Api-Key: $KEY" https://BRIDGE/things-stack/${source}\`.`,
  )

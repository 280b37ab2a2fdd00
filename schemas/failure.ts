// Every failure the pipeline can name, with two answers each: what the runtime does, and what a person does.

/**
 * stop: the environment is wrong, the process ends with the explanation.
 * dead-letter: the record goes to dead-letters in the same transaction, its partition goes on.
 * refuse: the sender gets the explanation (4xx) and keeps the data.
 * retry: nothing is lost; the same work is tried again after a pause.
 */
export type Verdict = 'stop' | 'dead-letter' | 'refuse' | 'retry'

type Failure<D> = { verdict: Verdict; explain: (details: D) => string }

const failures = {
  CONFIG_INVALID: {
    verdict: 'stop',
    explain: (d: { problems: string[] }) => `Cannot start:\n- ${d.problems.join('\n- ')}`,
  },
  TOPICS_MISMATCH: {
    verdict: 'stop',
    explain: (d: { counts: Record<string, number> }) =>
      `Topics that are joined must have the same number of partitions, but ${Object.entries(d.counts)
        .map(([topic, count]) => `${topic} has ${count}`)
        .join(
          ', ',
        )}. Create the topics anew with one count, or set TOPIC_PARTITIONS to the one they all have.`,
  },
  TOPICS_MISSING: {
    verdict: 'stop',
    explain: (d: { topics: string[] }) =>
      `These topics are missing: ${d.topics.join(', ')}. Run \`coldstream topics create\`.`,
  },
  KAFKA_UNREACHABLE: {
    verdict: 'stop',
    explain: (d: { reason: string }) =>
      `Kafka cannot be asked: ${d.reason}. Check KAFKA_BROKERS, and that the brokers run.`,
  },
  SCHEMA_INCOMPATIBLE: {
    verdict: 'stop',
    explain: (d: { subject: string; answer: string }) =>
      `The registry refuses the schema of ${d.subject}: ${d.answer}. ` +
      `A schema may only change so that it still reads its predecessor (BACKWARD).`,
  },
  MIGRATION_REFUSED: {
    verdict: 'stop',
    explain: (d: { reason: string }) => `The database cannot be migrated: ${d.reason}.`,
  },
  BACKUP_IMPOSSIBLE: {
    verdict: 'stop',
    explain: (d: { reason: string }) => `There can be no backup or restore: ${d.reason}.`,
  },
  BACKUP_FAILED: {
    verdict: 'stop',
    explain: (d: { program: string; reason: string }) =>
      `${d.program} failed, and nothing was kept of what it had written: ${d.reason}`,
  },
  BACKUP_DAMAGED: {
    verdict: 'stop',
    explain: (d: { reason: string }) =>
      `The backup cannot be used: ${d.reason}. Take another one (\`coldstream backup list\`), and find out who touched this one.`,
  },
  RESTORE_DIFFERS: {
    verdict: 'stop',
    explain: (d: { name: string; differences: string[] }) =>
      `What was restored from ${d.name} is not what was backed up:\n- ${d.differences.join('\n- ')}`,
  },
  RESTORE_REFUSED: {
    verdict: 'stop',
    explain: (d: { reason: string }) => `Nothing was restored: ${d.reason}.`,
  },
  PARTITION_REFUSED: {
    verdict: 'stop',
    explain: (d: { reason: string }) => d.reason,
  },
  PORT_TAKEN: {
    verdict: 'stop',
    explain: (d: { port: number; setting: string }) =>
      `Port ${d.port} is taken: end what listens there, or set ${d.setting} to another port (0: any).`,
  },
  PORT_FORBIDDEN: {
    verdict: 'stop',
    explain: (d: { port: number; setting: string }) =>
      `This user may not listen on port ${d.port}: set ${d.setting} to one above 1023.`,
  },
  ADDRESS_UNKNOWN: {
    verdict: 'stop',
    explain: (d: { address: string; setting: string }) =>
      `This machine has no address ${d.address}: set ${d.setting.replace(/PORT$/, 'HOST')} to one it has, or 0.0.0.0.`,
  },
  INSTANCE_TAKEN: {
    verdict: 'stop',
    explain: (d: { instance: string }) =>
      `Another process runs as INSTANCE=${d.instance}: each takes the other's place. Give every process a name of its own.`,
  },
  SESSION_TIMEOUT_REFUSED: {
    verdict: 'stop',
    explain: (d: { timeoutMs: number }) =>
      `The broker does not accept SESSION_TIMEOUT=${d.timeoutMs}ms. Give one between its group.min.session.timeout.ms ` +
      'and its group.max.session.timeout.ms (by default 6s and 30m), or change these.',
  },
  MEMBER_ENDED: {
    verdict: 'stop',
    explain: (d: { code: string; message: string }) =>
      `A member of --threads ended with ${d.code}: ${d.message}`,
  },
  REGISTRY_UNAVAILABLE: {
    verdict: 'retry',
    explain: (d: { url: string; reason: string }) =>
      `The schema registry at ${d.url} cannot be used: ${d.reason}. Check SCHEMA_REGISTRY_URL, and that it runs.`,
  },
  ROW_REFUSED: {
    verdict: 'dead-letter',
    explain: (d: { topic: string; reason: string }) =>
      `A record of ${d.topic} cannot become a row: ${d.reason}.`,
  },
  SINK_BEHIND: {
    verdict: 'stop',
    explain: (d: { partition: string; stored: string; believed: number }) =>
      `sink_offsets says ${d.stored} for ${d.partition}, where this sink had written up to ${d.believed}: the database ` +
      `was restored or reset under it. A start from there writes what is missing.`,
  },
  TOPIC_REPLACED: {
    verdict: 'stop',
    explain: (d: { partition: string; stored: number; end: number }) =>
      `${d.partition} ends at ${d.end}, but the tables already hold it up to ${d.stored}: the topic was made anew. If ` +
      `its records are to be written, delete its rows of the table sink_offsets.`,
  },
  KAFKA_MEMBER_FENCED: {
    verdict: 'stop',
    explain: (d: { reason: string }) =>
      `Kafka has given this process's place to another one: ${d.reason}. Where two run at once, give each its own ` +
      `INSTANCE, or none.`,
  },
  RECORD_NOT_FRAMED: {
    verdict: 'dead-letter',
    explain: (d: { topic: string; length: number }) =>
      `A record of ${d.topic} with ${d.length} bytes does not start with the Confluent header (0, schema id). ` +
      `Find who wrote it without the registry's serializer.`,
  },
  RECORD_WITHOUT_KEY: {
    verdict: 'dead-letter',
    explain: (d: { topic: string }) =>
      `A record of ${d.topic} has no key, so it belongs to nobody's state. Find who wrote it, and write it with its key.`,
  },
  SCHEMA_UNKNOWN: {
    verdict: 'dead-letter',
    explain: (d: { topic: string; schemaId: number }) =>
      `A record of ${d.topic} names schema ${d.schemaId}, which the registry does not know. ` +
      `Check that its writer uses the same registry. The record is kept whole in dead-letters.`,
  },
  RECORD_UNREADABLE: {
    verdict: 'dead-letter',
    explain: (d: { topic: string; schemaId: number; reason: string }) =>
      `A record of ${d.topic} does not follow its schema ${d.schemaId}: ${d.reason}.`,
  },
  PROCESSOR_THREW: {
    verdict: 'dead-letter',
    explain: (d: { processor: string; reason: string }) =>
      `The processor ${d.processor} failed: ${d.reason}. This is a defect of coldstream: report it. The record is kept whole in dead-letters.`,
  },
  BODY_NOT_JSON: {
    verdict: 'refuse',
    explain: (d: { reason: string }) => `The body cannot be read as JSON: ${d.reason}.`,
  },
  BODY_NOT_UTF8: {
    verdict: 'refuse',
    explain: (_: object) => 'The body is not UTF-8 text.',
  },
  BODY_TOO_DEEP: {
    verdict: 'refuse',
    explain: (d: { depthMax: number }) => `The body nests deeper than ${d.depthMax} levels.`,
  },
  BODY_TOO_LARGE: {
    verdict: 'refuse',
    explain: (d: { bytesMax: number }) => `The body is larger than ${d.bytesMax} bytes.`,
  },
  CONTENT_TYPE_UNSUPPORTED: {
    verdict: 'refuse',
    explain: (_: object) => 'The body is not declared as plain JSON.',
  },
  DEVICE_NOT_NAMED: {
    verdict: 'refuse',
    explain: (d: { reason: string }) => `The message belongs to no device: ${d.reason}.`,
  },
  NOT_AUTHORIZED: {
    verdict: 'refuse',
    explain: (_: object) => 'There is no connection of that name with that API key.',
  },
  ROUTE_UNKNOWN: {
    verdict: 'refuse',
    explain: (_: object) => 'There is nothing at this path for this method.',
  },
  REQUEST_MALFORMED: {
    verdict: 'refuse',
    explain: (d: { reason: string }) => `The request is malformed: ${d.reason}.`,
  },
  BRIDGE_OVERLOADED: {
    verdict: 'retry',
    explain: (d: { reason: string }) => `The bridge takes no more just now: ${d.reason}.`,
  },
  RATE_EXCEEDED: {
    verdict: 'retry',
    explain: (d: { perSecond: number }) =>
      `This connection sends more than ${d.perSecond} messages a second (BRIDGE_RATE_MAX).`,
  },
  THINGS_STACK_REFUSED: {
    verdict: 'stop',
    explain: (d: { what: string; reason: string; advice: string }) =>
      `The Things Stack did not ${d.what}: ${d.reason}. ${d.advice}`,
  },
  SPOOL_UNUSABLE: {
    verdict: 'stop',
    explain: (d: { dir: string; reason: string }) =>
      `The spool in ${d.dir} cannot be used: ${d.reason}. Set BRIDGE_SPOOL_DIR to a folder of this bridge alone.`,
  },
  KAFKA_UNAVAILABLE: {
    verdict: 'retry',
    explain: (d: { reason: string }) => `Kafka has not acknowledged the message: ${d.reason}.`,
  },
  BRIDGE_DEFECT: {
    verdict: 'retry',
    explain: (d: { reason: string }) =>
      `The bridge failed: ${d.reason}. This is a defect of coldstream: report it. Nothing was acknowledged.`,
  },
  UPLINK_NOT_UNDERSTOOD: {
    verdict: 'dead-letter',
    explain: (d: { devEui: string; reason: string }) =>
      `A message of ${d.devEui} is not understood: ${d.reason}. ` +
      `It is kept whole in dead-letters; correct what sends it.`,
  },
} satisfies Record<string, Failure<never>>

export type FailureCode = keyof typeof failures
export type FailureDetails<C extends FailureCode> = Parameters<(typeof failures)[C]['explain']>[0]

/** An error with a code of the table above; `message` is the explanation for a person. */
export class PipelineError<C extends FailureCode = FailureCode> extends Error {
  readonly code: C
  readonly verdict: Verdict
  readonly details: FailureDetails<C>

  constructor(code: C, details: FailureDetails<C>, cause?: unknown) {
    const failure: Failure<never> = failures[code]
    super(failure.explain(details as never), cause === undefined ? undefined : { cause })
    this.name = 'PipelineError'
    this.code = code
    this.verdict = failure.verdict
    this.details = details
  }
}

// Dead letters as a person reads them, and as JSON.
import { fateOf } from './fate.ts'
import { idOf, type Letter } from './letters.ts'
import type { RetryOutcome } from './retry.ts'

const VALUE_BYTES_SHOWN = 256

/** Bytes as text where they are text, else as hex. */
function shown(bytes: Buffer | null): string {
  if (bytes === null) return '(none)'
  const text = bytes.toString('utf8')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a terminal must not get
  const isText = Buffer.from(text).equals(bytes) && !/[\u0000-\u0008\u000b-\u001f\u007f]/.test(text)
  return isText ? text : bytes.toString('hex')
}

export function lineOf(letter: Letter, prefix: string): string {
  const { code, source, sourcePartition, sourceOffset, failedAt, key, retriedAt } = letter
  const from = sourcePartition === null ? source : `${source}/${sourcePartition}/${sourceOffset}`
  const retried = retriedAt === null ? '' : `  retried ${retriedAt.toISOString()}`
  const columns = [
    idOf(letter, prefix).padEnd(24),
    failedAt.toISOString(),
    code.padEnd(22),
    from.padEnd(26),
    shown(key),
  ]
  return `${columns.join('  ')}${retried}`
}

export function pageOf(letter: Letter, prefix: string): string {
  const { code, explanation, source, sourcePartition, sourceOffset, failedAt, key, value, headers } = letter
  const bytes = value?.subarray(0, VALUE_BYTES_SHOWN) ?? null
  const rest =
    (value?.length ?? 0) > VALUE_BYTES_SHOWN ? ` … (${value?.length} bytes; all of them with --value)` : ''
  const fate = fateOf(letter, prefix)
  const lines = [
    ['letter', idOf(letter, prefix)],
    ['code', code],
    ['why', explanation],
    [
      'from',
      sourcePartition === null ? source : `${source}, partition ${sourcePartition}, offset ${sourceOffset}`,
    ],
    ['failed at', failedAt.toISOString()],
    ['key', shown(key)],
    ['headers', Object.keys(headers).length === 0 ? '(none)' : JSON.stringify(headers)],
    ['value', `${shown(bytes)}${rest}`],
    ['retried', retriedText(letter)],
    ['what to do', fate.advice],
    ...(fate.kind === 'topic' ? [['', `coldstream dead-letters retry ${idOf(letter, prefix)}`]] : []),
  ]
  return lines.map(([name = '', text]) => `${name.padEnd(12)}${text}`).join('\n')
}

const retriedText = ({ retries, retriedAt }: Letter) =>
  retriedAt === null
    ? 'never'
    : `${retries === 1 ? 'once' : `${retries} times`}, last ${retriedAt.toISOString()}`

/** Bytes in base64, so that nothing is lost. */
export function jsonOf(letter: Letter, prefix: string): object {
  const { key, value, ...rest } = letter
  const fate = fateOf(letter, prefix)
  return {
    id: idOf(letter, prefix),
    ...rest,
    key: key?.toString('base64') ?? null,
    value: value?.toString('base64') ?? null,
    canRetry: fate.kind === 'topic',
    advice: fate.advice,
  }
}

export function outcomeLine(id: string, outcome: RetryOutcome): string {
  switch (outcome.kind) {
    case 'sent':
      return `${id}  sent to ${outcome.topic}${outcome.times > 1 ? ` (for the ${outcome.times}. time)` : ''}`
    case 'retried-before':
      return `${id}  was sent back already, at ${outcome.retriedAt?.toISOString()}: to send it once more, add --again`
    case 'stays':
      return `${id}  cannot be sent back. ${outcome.advice}`
    case 'unknown':
      return `${id}  is no dead letter: \`coldstream dead-letters list\` shows those that there are`
  }
}

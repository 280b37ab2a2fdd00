// Uplinks that the Storage Integration kept, into the log once more: those that got lost between there and here are new, and
// all others are copies that identity drops.
import { PipelineError } from '../schemas/failure.ts'
import { type Intake, paced } from './intake.ts'
import { isObject, objectAt, text } from './json-fields.ts'
import { callThingsStack, type ThingsStackServer } from './things-stack-api.ts'

export type Span = {
  fromMs: number
  toMs: number /** The Things Stack's device id; null: all of the application. */
  deviceId: string | null
}

export type Backfilled = { read: number; outcomes: Record<string, number>; refused: number }

export type BackfillOptions = {
  connectionId: string
  server: ThingsStackServer
  intake: Intake
  pageMax?: number
  onRefused?: (reason: string) => void
}

const windowMax = 100

/** Everything received inside the span, whole pages in order of receipt; may be repeated, and begun anew anywhere. */
export async function backfill(options: BackfillOptions, span: Span): Promise<Backfilled> {
  const result: Backfilled = { read: 0, outcomes: {}, refused: 0 }
  // One device lies in one partition: its order is certain.
  const intake = span.deviceId === null ? paced(options.intake) : options.intake
  const pageMax = options.pageMax ?? 1_000
  let after = new Date(span.fromMs).toISOString()
  for (;;) {
    const page = await takePage({ ...options, intake }, span, after, pageMax, result)
    if (page.count < pageMax) return result
    // Instants have nanoseconds, and `after` excludes: a millisecond is read twice rather than missed.
    const next = page.lastMs === null ? after : new Date(page.lastMs - 1).toISOString()
    after = next > after ? next : (page.last ?? after)
    if (page.last === null) return result
  }
}

type Page = { count: number; last: string | null; lastMs: number | null }

async function takePage(
  options: BackfillOptions,
  { toMs, deviceId }: Span,
  after: string,
  pageMax: number,
  result: Backfilled,
): Promise<Page> {
  const { application } = options.server
  const device = deviceId === null ? '' : `/devices/${encodeURIComponent(deviceId)}`
  const answer = await callThingsStack(options.server, {
    what: 'give the stored uplinks',
    path: `/as/applications/${encodeURIComponent(application)}${device}/packages/storage/uplink_message`,
    query: { after, before: new Date(toMs).toISOString(), limit: String(pageMax), order: 'received_at' },
    accept: 'text/event-stream',
  })
  if (answer.status === 404) throw notThere(application, deviceId)
  const page: Page = { count: 0, last: null, lastMs: null }
  let open: Promise<void>[] = []
  for await (const line of linesOf(answer)) {
    const message = messageIn(line)
    page.count += 1
    page.last = text(message.received_at) ?? page.last
    open.push(takeLine(options, line, result))
    if (open.length >= windowMax) {
      await Promise.all(open)
      open = []
    }
  }
  await Promise.all(open)
  page.lastMs = page.last === null ? null : Date.parse(page.last)
  return page
}

const notThere = (application: string, deviceId: string | null) =>
  new PipelineError('THINGS_STACK_REFUSED', {
    what: 'give the stored uplinks',
    reason: `it knows no application ${application}${deviceId === null ? '' : ` with a device ${deviceId}`}`,
    advice: 'Check both, and that the Storage Integration is enabled there.',
  })

/** A line is `{"result": …}`; a stream that broke says so in its last one. */
function messageIn(line: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    value = null
  }
  const { result, error } = objectAt(value)
  if (isObject(result)) return result
  const reason = text(objectAt(error).message) ?? 'a line is no message'
  throw new PipelineError('THINGS_STACK_REFUSED', {
    what: 'give all stored uplinks',
    reason,
    advice: 'Try again.',
  })
}

async function takeLine(
  { connectionId, intake, onRefused }: BackfillOptions,
  line: string,
  result: Backfilled,
) {
  result.read += 1
  try {
    const taken = await intake.take({
      connectionId,
      bytes: Buffer.from(line),
      contentType: 'application/json',
    })
    for (const { outcome } of taken) result.outcomes[outcome] = (result.outcomes[outcome] ?? 0) + 1
  } catch (error) {
    if (!(error instanceof PipelineError) || error.verdict !== 'refuse') throw error
    result.refused += 1
    onRefused?.(error.message)
  }
}

async function* linesOf({ body }: Response): AsyncGenerator<string> {
  if (body === null) return
  let rest = ''
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.trim() !== '') yield line
  }
  if (rest.trim() !== '') yield rest
}

// What a sender is told when its message is not accepted: a status that says whether to repeat it, and one JSON shape.
import { type FailureCode, PipelineError } from '../schemas/failure.ts'

export type ErrorBody = { error: { code: string; message: string; advice: string } }

export type Answer = { status: number; retryAfterSeconds?: number; body: ErrorBody }

type Refusal = { status: number; retryAfterSeconds?: number; advice: string }

/** Longer than a broker takes to come back from a restart is no use; shorter only knocks. */
const retryAfterSeconds = 5

const refusals = {
  BODY_NOT_JSON: { status: 400, advice: 'Post one Things Stack v3 message as a JSON object.' },
  BODY_NOT_UTF8: { status: 400, advice: 'Send the JSON encoded as UTF-8.' },
  BODY_TOO_DEEP: { status: 400, advice: 'Flatten what the payload formatter returns.' },
  BODY_TOO_LARGE: {
    status: 413,
    advice: 'Shorten what the payload formatter returns, or raise BRIDGE_BODY_BYTES_MAX.',
  },
  CONTENT_TYPE_UNSUPPORTED: {
    status: 415,
    advice: 'Set the webhook format to JSON: Content-Type application/json, without Content-Encoding.',
  },
  DEVICE_NOT_NAMED: {
    status: 422,
    advice:
      'Give the device a DevEUI of 16 hex digits in The Things Stack; it is what its readings are kept under.',
  },
  NOT_AUTHORIZED: {
    status: 401,
    advice: 'Check the connection name in the path, and the key in X-Api-Key or Authorization: Bearer.',
  },
  ROUTE_UNKNOWN: { status: 404, advice: 'Post to /things-stack/<connection>.' },
  REQUEST_MALFORMED: { status: 400, advice: 'Send an HTTP/1.1 POST with a JSON body.' },
  BRIDGE_OVERLOADED: { status: 503, retryAfterSeconds: 1, advice: 'Send the same message again later.' },
  RATE_EXCEEDED: {
    status: 429,
    retryAfterSeconds: 1,
    advice: 'Send the same message again later, or raise the limit.',
  },
  KAFKA_UNAVAILABLE: { status: 503, retryAfterSeconds, advice: 'Send the same message again later.' },
  BRIDGE_DEFECT: { status: 500, advice: 'Send the same message again later, and report this.' },
} satisfies Partial<Record<FailureCode, Refusal>>

type RefusalCode = keyof typeof refusals

const isRefusal = (code: string): code is RefusalCode => code in refusals

function answer(failure: PipelineError, code: RefusalCode): Answer {
  const { advice, ...rest }: Refusal = refusals[code]
  return { ...rest, body: { error: { code, message: failure.message, advice } } }
}

/** Errors of the HTTP layer by their code; the others of the 400s share one answer under their own status. */
const httpFailures: Record<string, (bytesMax: number) => PipelineError> = {
  FST_ERR_CTP_BODY_TOO_LARGE: (bytesMax) => new PipelineError('BODY_TOO_LARGE', { bytesMax }),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: () => new PipelineError('CONTENT_TYPE_UNSUPPORTED', {}),
  FST_ERR_CTP_EMPTY_JSON_BODY: () => new PipelineError('BODY_NOT_JSON', { reason: 'it is empty' }),
}

type HttpError = Error & { code?: string; statusCode?: number }

export function answerTo(error: HttpError, bytesMax: number): Answer {
  if (error instanceof PipelineError && isRefusal(error.code)) return answer(error, error.code)
  const known = httpFailures[error.code ?? '']?.(bytesMax)
  if (known && isRefusal(known.code)) return answer(known, known.code)
  const status = error.statusCode ?? 500
  if (status >= 400 && status < 500) {
    const reason = error.code ?? 'it is not understood'
    return { ...answer(new PipelineError('REQUEST_MALFORMED', { reason }), 'REQUEST_MALFORMED'), status }
  }
  return answer(new PipelineError('BRIDGE_DEFECT', { reason: error.name }, error), 'BRIDGE_DEFECT')
}

// Messages that came by way of another cloud, out of its wrapping: its queues and gateways put the body of the webhook
// into an envelope of their own, as an object, as text, or as base64.
//
//   {"result": …}                               Storage Integration
//   {"name": "as.up.data.forward", "data": …}   an event of The Things Stack
//   {"message": {"data": base64}}               Google Pub/Sub push
//   {"Type": "Notification", "Message": text}   Amazon SNS
//   {"specversion": …, "data" | "data_base64"}  CloudEvents; [{"eventType": …, "data": {"body": …}}]  Azure Event Grid
//   {"SystemProperties": …, "Body": …}          Azure IoT Hub
//   {"isBase64Encoded": …, "body": text}        Amazon API Gateway
import { isObject, type JsonObject } from './json-fields.ts'

/** From bytes to a value with all the care that a body gets; throws where it is not good. */
export type ParseBytes = (bytes: Buffer) => unknown

/** A wrapping in a wrapping in a wrapping. */
const layersMax = 4
/** Azure sends at most a megabyte in one call: this many of the smallest uplinks would be more. */
export const messagesMax = 500

/** The messages in a body; the body itself where nothing is wrapped. Nothing for a list with more than `messagesMax`. */
export function unwrap(body: unknown, parse: ParseBytes, layersLeft = layersMax): unknown[] {
  if (Array.isArray(body) && layersLeft > 0) {
    const messages =
      body.length > messagesMax ? [] : body.flatMap((one) => unwrap(one, parse, layersLeft - 1))
    return messages.length > messagesMax ? [] : messages
  }
  if (!isObject(body) || isObject(body.end_device_ids) || layersLeft === 0) return [body]
  const inner = innerOf(body, parse)
  return inner === undefined ? [body] : unwrap(inner, parse, layersLeft - 1)
}

function innerOf(body: JsonObject, parse: ParseBytes): unknown {
  const { result, data, data_base64: base64, message, Message: note, body: own, Body: routed } = body
  const candidates = [result, data, base64, isObject(message) ? message.data : message, note, own, routed]
  for (const candidate of candidates) {
    if (typeof candidate === 'object' && candidate !== null) return candidate
    if (typeof candidate === 'string') {
      const value = fromText(candidate, parse)
      if (typeof value === 'object' && value !== null) return value
    }
  }
  return undefined
}

function fromText(text: string, parse: ParseBytes): unknown {
  const bytes = /^\s*[{[]/.test(text) ? Buffer.from(text) : Buffer.from(text, 'base64')
  try {
    return parse(bytes)
  } catch {
    return undefined // then it is no wrapping: the body is judged as it is
  }
}

// Connects an application of The Things Stack to the bridge, step by step, and says of each step what it found. Nothing is
// changed before everything that can be looked at beforehand has been looked at.
import { setTimeout as sleep } from 'node:timers/promises'
import { isObject, type JsonObject, objectAt, text } from '../../bridge/json-fields.ts'
import { askThingsStack, type ThingsStackServer } from '../../bridge/things-stack-api.ts'
import { PipelineError } from '../../schemas/failure.ts'

export type ConnectOptions = {
  server: ThingsStackServer
  /** Where the Identity Server is another host: of The Things Network's sandbox it is always eu1. */
  identityOrigin: string
  /** The bridge as The Things Stack reaches it. */
  bridgeUrl: string
  connection: string
  bridgeKey: string
  webhookId: string
  /** The Things Stack's id of the device to simulate; null: the first one. */
  deviceId: string | null
  arrivalWithinMs: number
}

export type Tell = (step: string, found: string) => void

export const neededRights: Record<string, string> = {
  RIGHT_APPLICATION_SETTINGS_BASIC: 'to write the webhook',
  RIGHT_APPLICATION_TRAFFIC_READ: 'to forward uplinks, and to read stored ones',
  RIGHT_APPLICATION_TRAFFIC_UP_WRITE: 'to simulate an uplink',
  RIGHT_APPLICATION_DEVICES_READ: 'to find a device to simulate',
}

export const messageTypes = [
  ...['uplink_message', 'uplink_normalized', 'join_accept', 'location_solved', 'service_data'],
  ...['downlink_ack', 'downlink_nack', 'downlink_sent', 'downlink_failed', 'downlink_queued'],
  'downlink_queue_invalidated',
] as const

/** Throws THINGS_STACK_REFUSED or CONFIG_INVALID at the first step that fails; what was done before stays done. */
export async function connectThingsStack(options: ConnectOptions, tell: Tell): Promise<void> {
  await checkRights(options, tell)
  await checkBridge(options, tell)
  await writeWebhook(options, tell)
  await simulate(options, tell)
}

const pathOf = ({ server }: ConnectOptions, rest: string) =>
  rest.replace('{app}', encodeURIComponent(server.application))

const wrong = (problem: string) => new PipelineError('CONFIG_INVALID', { problems: [problem] })

async function checkRights(options: ConnectOptions, tell: Tell): Promise<void> {
  const { server, identityOrigin } = options
  const answer = await askThingsStack(
    { ...server, origin: identityOrigin },
    { what: 'tell the rights of the API key', path: pathOf(options, '/applications/{app}/rights') },
  )
  if (answer === null) throw wrong(`${identityOrigin} knows no application ${server.application}.`)
  const held = new Set(Array.isArray(answer.rights) ? answer.rights : [])
  const missing = held.has('RIGHT_APPLICATION_ALL')
    ? []
    : Object.keys(neededRights).filter((right) => !held.has(right))
  if (missing.length > 0)
    throw wrong(
      `The API key lacks rights; add them in the console, or make another key: ${missing
        .map((right) => `${right} (${neededRights[right]})`)
        .join(', ')}.`,
    )
  tell('rights', 'the API key has all that is needed')
}

const webhookBase = ({ bridgeUrl, connection }: ConnectOptions) =>
  `${bridgeUrl.replace(/\/+$/, '')}/things-stack/${connection}`

/** An empty object is nobody's message: with the right key it is refused for that, and with a wrong one for the key. */
async function checkBridge(options: ConnectOptions, tell: Tell): Promise<void> {
  const base = webhookBase(options)
  const answer = await fetch(base, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': options.bridgeKey },
    body: '{}',
    signal: AbortSignal.timeout(10_000),
  }).catch((error: Error) => error)
  if (answer instanceof Error)
    throw wrong(`The bridge does not answer at ${base}. Check --bridge-url, and that it runs.`)
  await answer.arrayBuffer()
  if (answer.status === 401)
    throw wrong(
      `The bridge does not know the connection ${options.connection} with this key (BRIDGE_API_KEY).`,
    )
  if (answer.status !== 422)
    throw wrong(`What answers at ${base} is not the bridge: it says ${answer.status}.`)
  tell('bridge', `it answers at ${base} and knows the key`)
}

const webhookFields = ['base_url', 'headers', 'format', 'paused', ...messageTypes]

async function writeWebhook(options: ConnectOptions, tell: Tell): Promise<void> {
  const { server, webhookId } = options
  const path = pathOf(options, '/as/webhooks/{app}')
  const existing = await askThingsStack(server, {
    what: 'show the webhook',
    path: `${path}/${webhookId}`,
    query: { field_mask: 'base_url,headers' },
  })
  const webhook: JsonObject = {
    ids: { application_ids: { application_id: server.application }, webhook_id: webhookId },
    base_url: webhookBase(options),
    // Headers that somebody has added stay.
    headers: { ...withoutKey(objectAt(existing?.headers)), 'X-Api-Key': options.bridgeKey },
    format: 'json',
    paused: false,
    ...Object.fromEntries(messageTypes.map((type) => [type, {}])),
  }
  const body = { webhook, field_mask: { paths: webhookFields } }
  if (existing === null)
    await askThingsStack(server, { what: 'create the webhook', method: 'POST', path, body })
  else
    await askThingsStack(server, {
      what: 'change the webhook',
      method: 'PUT',
      path: `${path}/${webhookId}`,
      body,
    })
  const before = text(existing?.base_url)
  const was = before === null || before === webhook.base_url ? '' : `; it pointed to ${before}`
  tell(
    'webhook',
    `${webhookId} ${existing === null ? 'created' : 'updated'}, with ${messageTypes.length} message types${was}`,
  )
}

const withoutKey = (headers: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'x-api-key'))

async function simulate(options: ConnectOptions, tell: Tell): Promise<void> {
  const { server, connection } = options
  const deviceId = options.deviceId ?? (await firstDevice(options))
  if (deviceId === null) {
    tell('uplink', 'not tried: the application has no device yet')
    return
  }
  const before = await takenBy(options)
  const path = pathOf(options, `/as/applications/{app}/devices/${encodeURIComponent(deviceId)}/up/simulate`)
  const answer = await askThingsStack(server, {
    what: 'simulate an uplink',
    method: 'POST',
    path,
    body: { uplink_message: { f_port: 1, frm_payload: 'AQ==', received_at: new Date().toISOString() } },
  })
  if (answer === null) throw wrong(`The application ${server.application} has no device ${deviceId}.`)
  if (before === null) {
    tell(
      'uplink',
      `simulated for ${deviceId}; whether it came cannot be seen here: the bridge shows no /metrics`,
    )
    return
  }
  const deadlineMs = performance.now() + options.arrivalWithinMs
  while (((await takenBy(options)) ?? 0) <= before) {
    if (performance.now() > deadlineMs)
      throw wrong(
        `The simulated uplink of ${deviceId} has not come to the connection ${connection}. The webhook's page in the ` +
          `console shows why; can The Things Stack reach ${options.bridgeUrl}?`,
      )
    await sleep(200)
  }
  tell('uplink', `simulated for ${deviceId}, and the bridge has it in Kafka`)
}

async function firstDevice(options: ConnectOptions): Promise<string | null> {
  const answer = await askThingsStack(
    { ...options.server, origin: options.identityOrigin },
    {
      what: 'list devices',
      path: pathOf(options, '/applications/{app}/devices'),
      query: { limit: '1', field_mask: 'ids' },
    },
  )
  const [first] = Array.isArray(answer?.end_devices) ? answer.end_devices : []
  return isObject(first) ? text(objectAt(first.ids).device_id) : null
}

/** Uplinks of the connection that the bridge has taken, also those that it could not understand; null: it does not say. */
async function takenBy({ bridgeUrl, connection }: ConnectOptions): Promise<number | null> {
  const answer = await fetch(`${bridgeUrl.replace(/\/+$/, '')}/metrics`, {
    signal: AbortSignal.timeout(5_000),
  }).catch(() => null)
  if (answer?.status !== 200) return null
  const lines = (await answer.text()).split('\n')
  const own = lines.filter((line) =>
    line.startsWith(`coldstream_bridge_messages_total{connection="${connection}"`),
  )
  const taken = own.filter((line) => /outcome="(uplink|dead-letter)"/.test(line))
  return taken.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}

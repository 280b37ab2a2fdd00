// Uplinks from an MQTT server, in place of or beside the webhook. A message is acknowledged to the server only once Kafka (or
// the spool) has it; one that cannot be kept just now is tried again, and holds up what comes behind it.
//
// The Things Stack's own server knows QoS 0 only: there the TCP window is what holds back, and what it sends while the bridge
// is away is lost here and filled by backfill. A broker in between gives QoS 1, sessions and shared subscriptions.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from 'mqtt'
import { PipelineError } from '../schemas/failure.ts'
import type { Warn } from './deliveries.ts'
import { type Intake, paced, type Taken } from './intake.ts'

export type MqttSource = { isConnected(): boolean; close(): Promise<void> }

export type MqttOptions = {
  connectionId: string
  /** User, password and server; options as query parameters: share, client, topic, ca. */
  url: URL
  intake: Intake
  warn: Warn
  /** What became of a message; called before it is acknowledged. */
  onTaken?: (taken: Taken[], seconds: number) => void
  onRefused?: () => void
}

/** Messages of QoS 0 that wait for Kafka at once; the next one is read from the socket when there is room. */
const windowMax = 1_000
const retryPauseMs = 500
const reconnectMs = 1_000
const keepaliveSeconds = 30
const knownOptions = new Set(['share', 'client', 'topic', 'ca'])
/** Orders to the network, which others may publish on the same broker. */
const isOrder = (topic: string): boolean => /\/down\/(push|replace)$/.test(topic)

/** Throws CONFIG_INVALID for options that it does not know. It connects in the background, and again whenever it has to. */
export function openMqttSource(options: MqttOptions): MqttSource {
  const { connectionId, url, warn } = options
  const unknown = [...url.searchParams.keys()].filter((name) => !knownOptions.has(name))
  if (unknown.length > 0)
    throw new PipelineError('CONFIG_INVALID', {
      problems: unknown.map((name) => `BRIDGE_MQTT of ${connectionId} has an unknown option ${name}.`),
    })
  const ending = new AbortController()
  let stranded = new AbortController()
  const own = { ...options, intake: paced(options.intake) }
  const keep = (topic: string, bytes: Buffer) =>
    isOrder(topic) ? Promise.resolve(true) : keepTrying(own, bytes, [ending.signal, stranded.signal])
  const client = mqtt.connect(clientOptions(connectionId, url))
  takeMessages(client, keep)
  let isTold = false
  client.on('connect', () => {
    isTold = false
    subscribe(client, url, options)
  })
  client.on('close', () => {
    // What was not acknowledged is sent again on the next connection.
    stranded.abort()
    stranded = new AbortController()
    if (!isTold && !ending.signal.aborted) warn({ connectionId }, 'the MQTT server is away: connecting again')
    isTold = true
  })
  client.on('error', ({ message }) => warn({ connectionId, reason: message }, 'the MQTT server refuses'))
  return {
    isConnected: () => client.connected,
    async close() {
      ending.abort()
      await client.endAsync(true)
    },
  }
}

function clientOptions(connectionId: string, url: URL): IClientOptions {
  const [session, ca] = [url.searchParams.get('client'), url.searchParams.get('ca')]
  const isSecure = url.protocol === 'mqtts:'
  return {
    protocol: isSecure ? 'mqtts' : 'mqtt',
    host: url.hostname,
    port: Number(url.port || (isSecure ? 8883 : 1883)),
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    protocolVersion: 4,
    // A session that outlives the connection needs a name that it is found under again.
    clientId: session ?? `coldstream-${connectionId}-${crypto.randomUUID().slice(0, 8)}`,
    clean: session === null,
    keepalive: keepaliveSeconds,
    reconnectPeriod: reconnectMs,
    reconnectOnConnackError: true,
    resubscribe: false,
    ...(ca !== null && { ca: readFileSync(ca) }),
  }
}

/**
 * QoS 1 and 2: the server hears of it when it is kept, and keeps it otherwise. QoS 0: nobody sends it again, so it is read
 * only as fast as it can be kept.
 */
function takeMessages(client: MqttClient, keep: (topic: string, bytes: Buffer) => Promise<boolean>): void {
  let open = 0
  let onRoom: (() => void) | null = null
  client.handleMessage = (packet, done) => {
    const { qos, topic, payload } = packet as IPublishPacket
    const keeping = keep(topic, Buffer.from(payload))
    if (qos !== 0) {
      void keeping.then((isKept) => {
        if (isKept) done()
      })
      return
    }
    open += 1
    void keeping.finally(() => {
      open -= 1
      const goOn = onRoom
      onRoom = null
      goOn?.() // may set it again
    })
    if (open < windowMax) done()
    else onRoom = () => done()
  }
}

function subscribe(client: MqttClient, url: URL, { connectionId, warn }: MqttOptions): void {
  const filter = url.searchParams.get('topic') ?? `v3/${decodeURIComponent(url.username)}/devices/+/#`
  const share = url.searchParams.get('share')
  client.subscribe(share === null ? filter : `$share/${share}/${filter}`, { qos: 1 }, (error, granted) => {
    if (error) return warn({ connectionId, reason: error.message }, 'the MQTT subscription failed')
    const [one] = granted ?? []
    if (one?.qos === 0)
      warn(
        { connectionId },
        'the MQTT server gives QoS 0: what it sends while the bridge is away needs a backfill',
      )
  })
}

/** Whether the message is kept, or never can be. False: it was given up before, because its connection is gone. */
async function keepTrying(
  { connectionId, intake, warn, onTaken, onRefused }: MqttOptions,
  bytes: Buffer,
  signals: AbortSignal[],
): Promise<boolean> {
  const startMs = performance.now()
  const signal = AbortSignal.any(signals)
  while (!signal.aborted) {
    try {
      const taken = await intake.take({ connectionId, bytes, contentType: 'application/json' })
      onTaken?.(taken, (performance.now() - startMs) / 1_000)
      return true
    } catch (error) {
      const isPassing = error instanceof PipelineError && error.verdict === 'retry'
      if (!isPassing) {
        warn({ connectionId, reason: (error as Error).message }, 'a message of the MQTT server is refused')
        onRefused?.()
        return true
      }
      await sleep(retryPauseMs, undefined, { signal }).catch(() => {}) // cut short by the end
    }
  }
  return false
}

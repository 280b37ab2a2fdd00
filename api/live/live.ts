// Everything live of one process: the feeds, the source behind them, and who is told which site a unit is in. Kafka may be away,
// or not be configured at all: then subscriptions are refused, and everything else is answered.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Query } from '../database.ts'
import { refusal } from '../errors.ts'
import { type LiveField, type LiveTopic, liveFields, liveTopics } from './events.ts'
import { Feed, type Kept } from './feed.ts'
import type { LiveSource } from './source.ts'

/** How far back a cursor may lie. In memory a kept event takes about half a kilobyte. */
export const KEPT: Kept = { ms: 3_600_000, eventsMax: 50_000 }

const away = () => refusal('NEWS_UNAVAILABLE', 'News cannot be heard at the moment: Kafka is away.')

const STOP_WITHIN_MS = 1_000
const RETRY_PAUSE_MS = 2_000
/** A unit is moved to another site a few times a year. */
const SITES_FRESH_MS = 30_000

export type Feeds = ReadonlyMap<LiveTopic, Feed>
export type OpenSource = (feeds: Feeds, kept: Kept, onLag: (seconds: number) => void) => Promise<LiveSource>

type Options = {
  /** Sees every organization. */
  query: Query
  /** Null: no Kafka is configured. */
  open: OpenSource | null
  log: FastifyBaseLogger
  onLag: (seconds: number) => void
}

export class Live {
  readonly #options: Options
  readonly #feeds: Feeds
  readonly #sites: SitesOfUnits
  readonly #stop = new AbortController()
  #source: LiveSource | null = null
  #running: Promise<void> = Promise.resolve()

  constructor(options: Options) {
    this.#options = options
    this.#sites = new SitesOfUnits(options.query)
    const siteOf = (unitId: string) => this.#sites.of(unitId)
    this.#feeds = new Map(liveTopics.map((topic) => [topic, new Feed(topic, siteOf, KEPT)]))
  }

  start(): void {
    const { open } = this.#options
    if (open !== null) this.#running = this.#run(open)
  }

  async #run(open: OpenSource): Promise<void> {
    const { signal } = this.#stop
    while (!signal.aborted) {
      try {
        const source = await open(this.#feeds, KEPT, this.#options.onLag)
        if (signal.aborted) return await source.close()
        this.#source = source
        const stopped = new Promise<null>((resolve) =>
          signal.addEventListener('abort', () => resolve(null), { once: true }),
        )
        const failure = await Promise.race([source.failed, stopped])
        if (failure !== null) throw failure
      } catch (error) {
        this.#options.log.warn({ err: error }, 'Kafka or the registry is away: no news for subscribers')
        const source = this.#source
        this.#source = null
        for (const feed of this.#feeds.values()) feed.end(away())
        await source?.close()
        await sleep(RETRY_PAUSE_MS, undefined, { signal }).catch(() => {}) // cut short by the stop
      }
    }
  }

  /** Throws UNAVAILABLE while nothing would come. */
  feedOf(field: LiveField): Feed {
    if (this.#options.open === null) throw refusal('NOT_LIVE', 'This server has no Kafka to hear news from.')
    const topic = liveTopics.find((name) => liveFields[name] === field)
    const feed = topic === undefined ? undefined : this.#feeds.get(topic)
    if (feed === undefined || this.#source === null) throw away()
    return feed
  }

  /** Before somebody asks by site. */
  knowSites(): Promise<void> {
    return this.#sites.refresh()
  }

  async close(): Promise<void> {
    this.#stop.abort()
    await this.#source?.close()
    // It may be waiting for a Kafka or a registry that is away; once it has them it closes by itself.
    await Promise.race([this.#running, sleep(STOP_WITHIN_MS, undefined, { ref: false })])
  }
}

/** Which site a unit is in now; kept fresh once somebody has asked. */
class SitesOfUnits {
  readonly #query: Query
  #sites = new Map<string, string>()
  #freshUntilMs = Number.NEGATIVE_INFINITY
  #wasAsked = false
  #loading: Promise<void> | null = null

  constructor(query: Query) {
    this.#query = query
  }

  of(unitId: string): string | undefined {
    // The event at hand goes by what is known; the next ones by what is fresh.
    if (this.#wasAsked && performance.now() > this.#freshUntilMs) this.refresh().catch(() => {})
    return this.#sites.get(unitId)
  }

  refresh(): Promise<void> {
    this.#wasAsked = true
    this.#loading ??= this.#load().finally(() => {
      this.#loading = null
    })
    return this.#loading
  }

  async #load(): Promise<void> {
    this.#freshUntilMs = performance.now() + SITES_FRESH_MS
    const rows = await this.#query<{ id: string; siteId: string }>(
      'select id, site_id as "siteId" from units where deleted_at is null',
      [],
    )
    this.#sites = new Map(rows.map(({ id, siteId }) => [id, siteId]))
  }
}

// No Docker engine runs where the tests do, so docker-compose.yml is held against what can be known without one: the shape
// of a compose file, the configuration's schema, and the addresses that the engines' starter promises.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { type ConfigKey, configKeys, keysOf, optionalKeys, readConfig } from './config.ts'
import type { Process } from './config-forms.ts'
import { published } from './local/compose.ts'
import { images } from './testing/containers.ts'

type Service = {
  image: string
  build?: { context: string; dockerfile: string }
  command?: string[]
  restart?: string
  ports?: string[]
  volumes?: string[]
  environment?: Record<string, string | number>
  healthcheck?: { test: string[] }
  depends_on?: Record<string, { condition: string }>
}
type Compose = { services: Record<string, Service>; volumes: Record<string, null> }

const root = join(import.meta.dirname, '..')
const { services, volumes }: Compose = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8'), {
  merge: true,
})
const all = Object.entries(services)
const processes: Process[] = ['bridge', 'process', 'sink', 'housekeeper', 'api']
const oneShots = ['topics', 'migrations']

/** What stands in a folder that is mounted whole. */
const contents: Record<string, string> = {
  './infra/prometheus': 'prometheus.yml',
  './infra/grafana/provisioning': 'datasources/prometheus.yml',
  './infra/grafana/dashboards': 'fleet.json',
}

/** As compose does it: `${NAME:-fallback}` with nothing set. */
const interpolate = (value: string | number) => String(value).replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1')

function environmentOf(name: string): Record<string, string> {
  const entries = Object.entries(services[name]?.environment ?? {})
  return Object.fromEntries(entries.map(([key, value]) => [key, interpolate(value)]))
}

test('all parts are there', () => {
  const engines = ['kafka', 'registry', 'postgres', 'pgbouncer', 'prometheus', 'grafana']
  expect(Object.keys(services).sort()).toEqual([...engines, ...oneShots, ...processes].sort())
})

test.each(all)('%s has an image with a version', (_name, { image }) => {
  expect(image).toMatch(/^[a-z0-9-]+(\/[a-z0-9-]+)*:v?\d+\.\d+[\w.-]*$/)
})

test.each(all.filter(([name]) => !oneShots.includes(name)))(
  '%s has a health check',
  (_name, { healthcheck }) => {
    expect(healthcheck?.test[0]).toMatch(/^CMD(-SHELL)?$/)
    expect(healthcheck?.test.length).toBeGreaterThan(1)
  },
)

test('named volumes are declared, and declared ones are used', () => {
  const sources = all.flatMap(([, service]) =>
    (service.volumes ?? []).map((volume) => volume.split(':')[0] ?? ''),
  )
  const named = sources.filter((source) => !source.startsWith('.'))
  expect(new Set(named)).toEqual(new Set(Object.keys(volumes)))
  for (const file of sources.filter((source) => source.startsWith('.'))) {
    expect(() => readFileSync(join(root, file, contents[file] ?? ''))).not.toThrow()
  }
})

test('every dependency is waited for: healthy, or run to its end', () => {
  for (const [, { depends_on = {} }] of all) {
    for (const [name, { condition }] of Object.entries(depends_on)) {
      const runsToItsEnd = services[name]?.restart === 'no'
      expect(condition).toBe(runsToItsEnd ? 'service_completed_successfully' : 'service_healthy')
    }
  }
})

test.each(processes)(
  '%s gets what it must have and nothing that it does not read, all of it valid',
  (name) => {
    const environment = environmentOf(name)
    const known = new Set<string>([...keysOf(name), ...(optionalKeys[name] ?? [])])
    expect(Object.keys(environment).filter((key) => !known.has(key))).toEqual([])
    expect(() => readConfig(keysOf(name), environment)).not.toThrow()
  },
)

test.each([...processes, ...oneShots])('%s has no setting that does not exist', (name) => {
  expect(Object.keys(environmentOf(name)).filter((key) => !(key in configKeys))).toEqual([])
})

test.each(processes)('%s is asked for its health on the port that it listens on', (name) => {
  const port = environmentOf(name)[`${name.toUpperCase()}_PORT` satisfies string as ConfigKey]
  expect(services[name]?.healthcheck?.test).toEqual(['CMD', 'node', 'infra/healthy.mjs', port])
  const { scrape_configs } = parse(readFileSync(join(root, 'infra/prometheus/prometheus.yml'), 'utf8'))
  expect(scrape_configs[0].static_configs[0].targets).toContain(`${name}:${port}`)
})

test('the sink writes through PgBouncer, and migrations and partitions go around it', () => {
  const { DATABASE_URL, DATABASE_DIRECT_URL } = environmentOf('sink')
  expect(new URL(DATABASE_URL ?? '').hostname).toBe('pgbouncer')
  expect(new URL(DATABASE_DIRECT_URL ?? '').hostname).toBe('postgres')
  expect(environmentOf('migrations').DATABASE_URL).toBe(DATABASE_DIRECT_URL)
  expect(environmentOf('pgbouncer').POOL_MODE).toBe('transaction')
})

test('the engines are published where `npm start` looks for them, and only to this machine', () => {
  const hostPort = (url: string) => (URL.canParse(url) && new URL(url).host ? new URL(url).host : url)
  const addresses = {
    kafka: published().kafka.kafkaBrokers,
    registry: published().registry.schemaRegistryUrl,
    postgres: published().postgres.databaseUrl,
  }
  for (const [name, url] of Object.entries(addresses)) {
    expect(services[name]?.ports?.[0]).toMatch(new RegExp(`^${hostPort(url)}:\\d+$`))
  }
  expect(environmentOf('kafka').KAFKA_ADVERTISED_LISTENERS).toContain(`HOST://${addresses.kafka}`)
})

test('tests in containers use the same images', () => {
  expect(images).toEqual({
    kafka: services.kafka?.image,
    registry: services.registry?.image,
    postgres: services.postgres?.image,
  })
})

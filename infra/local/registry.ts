// The schema registry on this machine: Apicurio, speaking the Confluent API, on loopback.
import { join } from 'node:path'
import type { Command } from './kept-process.ts'
import { registryJars } from './maven.ts'

export type RegistrySetup = { dataDir: string; java: string; jarsDir: string; port: number }

export function registryUrl(port: number): string {
  return `http://127.0.0.1:${port}/apis/ccompat/v7`
}

export function registryCommand({ dataDir, java, jarsDir, port }: RegistrySetup): Command {
  const home = join(dataDir, 'registry')
  return {
    name: 'the schema registry',
    file: java,
    args: [
      ...['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-XX:+ExitOnOutOfMemoryError'],
      ...['-jar', join(jarsDir, registryJars.mainJar)],
    ],
    env: {
      ...process.env,
      APICURIO_STORAGE_KIND: 'sql',
      APICURIO_STORAGE_SQL_KIND: 'h2',
      // Without WRITE_DELAY=0 a kill -9 loses schemas that were acknowledged, and gives their ids to others.
      APICURIO_DATASOURCE_URL: `jdbc:h2:file:${join(home, 'registry')};WRITE_DELAY=0`,
      QUARKUS_HTTP_HOST: '127.0.0.1',
      QUARKUS_HTTP_PORT: String(port),
      // One line a request is what fills its log.
      QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
    },
    cwd: home,
    pidFile: join(dataDir, 'pids/registry.json'),
    outputFile: join(dataDir, 'logs/registry.out'),
    stopSignal: 'SIGTERM',
    stopGraceMs: 10_000,
  }
}

export async function registryAnswers(port: number): Promise<boolean> {
  try {
    const response = await fetch(`${registryUrl(port)}/subjects`, { signal: AbortSignal.timeout(2_000) })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}

/** Its own default is NONE, under which a schema that nobody can read any more would be accepted. */
export async function requireBackwardCompatibility(port: number): Promise<void> {
  const response = await fetch(`${registryUrl(port)}/config`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ compatibility: 'BACKWARD' }),
    signal: AbortSignal.timeout(10_000),
  })
  const answer = await response.text()
  if (!response.ok)
    throw new Error(`The registry refuses its compatibility rule: ${response.status} ${answer}`)
}

// A real S3 server for tests: S3Proxy over a folder, fetched with Maven as the engines are. It checks signatures, so a
// wrong secret is refused as it would be by anybody's S3.
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Artifact, fetchJars, findJava } from '../local/maven.ts'

export type S3Server = {
  endpoint: string
  accessKeyId: string
  secretAccessKey: string
  /** There from the start, and empty. */
  bucket: string
  /** Makes a further bucket. */
  createBucket: (name: string) => void
  stop: () => Promise<void>
}

const jars: Artifact = {
  name: 'S3Proxy 2.6.0, the S3 server of the tests',
  sizeMb: 43,
  folder: 's3proxy-2.6.0',
  pom: join(import.meta.dirname, 's3/pom.xml'),
  goal: 'dependency:copy-dependencies',
  mainJar: 's3proxy-2.6.0.jar',
}
const START_TIMEOUT_MS = 60_000

/** Takes about 3 s, and some more where the jars must be fetched: call it in a hook with time for that, and stop it. */
export async function startS3Server(): Promise<S3Server> {
  const jarsDir = await fetchJars(jars, (line) => process.stderr.write(`${line}\n`))
  const dir = mkdtempSync(join(tmpdir(), 'coldstream-s3-'))
  const [accessKeyId, secretAccessKey] = ['test-key', randomBytes(18).toString('base64url')]
  const createBucket = (name: string) => mkdirSync(join(dir, 'data', name), { recursive: true })
  const bucket = 'coldstream-test'
  createBucket(bucket)
  const endpoint = `http://127.0.0.1:${await freePort()}`
  const child = launch(await findJava(), jarsDir, dir, { endpoint, accessKeyId, secretAccessKey })
  const stop = () => end(child).finally(() => rmSync(dir, { recursive: true, force: true }))
  try {
    await untilItAnswers(endpoint, child, join(dir, 'log'))
  } catch (error) {
    await stop()
    throw error
  }
  return { endpoint, accessKeyId, secretAccessKey, bucket, createBucket, stop }
}

type Access = { endpoint: string; accessKeyId: string; secretAccessKey: string }

function launch(java: string, jarsDir: string, dir: string, access: Access): ChildProcess {
  const properties = {
    's3proxy.endpoint': access.endpoint,
    's3proxy.authorization': 'aws-v2-or-v4',
    's3proxy.identity': access.accessKeyId,
    's3proxy.credential': access.secretAccessKey,
    // Otherwise a part of an upload may not be larger than 32 MiB.
    's3proxy.v4-max-non-chunked-request-size': String(256 << 20),
    'jclouds.provider': 'filesystem',
    'jclouds.filesystem.basedir': join(dir, 'data'),
  }
  const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`)
  writeFileSync(join(dir, 'properties'), lines.join(''))
  // Without a configuration its log tells every byte.
  const log = `<configuration><appender name="file" class="ch.qos.logback.core.FileAppender"><file>${join(dir, 'log')}</file>
    <encoder><pattern>%msg%n%ex</pattern></encoder></appender><root level="warn"><appender-ref ref="file"/></root></configuration>`
  writeFileSync(join(dir, 'logback.xml'), log)
  return spawn(
    java,
    [
      ...['-Xmx192m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'],
      ...[`-Dlogback.configurationFile=${join(dir, 'logback.xml')}`, '-cp', `${jarsDir}/*`],
      ...['org.gaul.s3proxy.Main', '--properties', join(dir, 'properties')],
    ],
    { stdio: 'ignore' },
  )
}

async function untilItAnswers(endpoint: string, child: ChildProcess, log: string): Promise<void> {
  const deadlineMs = performance.now() + START_TIMEOUT_MS
  while (performance.now() < deadlineMs && child.exitCode === null) {
    const answer = await fetch(endpoint).catch(() => undefined)
    await answer?.arrayBuffer()
    if (answer !== undefined) return
    await sleep(50)
  }
  throw new Error(`The S3 server of the tests did not start:\n${readFileSync(log, 'utf8').slice(-2_000)}`)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((done) => child.once('exit', done))
  child.kill('SIGKILL') // its data are thrown away
  await ended
}

function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

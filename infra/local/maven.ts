// Brings the engines' jars, once: Maven writes into a folder beside its destination, and a rename makes it count. Whoever
// is killed half-way, or runs at the same time, leaves nothing half-made under the final name.
import { execFile, spawn } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { identityOf } from './process-identity.ts'
import { SetupError } from './setup-error.ts'

const projectDir = resolve(import.meta.dirname, '../..')
const runtimeDir = join(projectDir, '.runtime')

export type Artifact = {
  name: string
  sizeMb: number
  folder: string
  pom: string
  goal: string
  /** The file without which nothing was fetched, whatever Maven says. */
  mainJar: string
}

export const kafkaJars: Artifact = {
  name: 'Apache Kafka 4.1.1',
  sizeMb: 43,
  folder: 'kafka-4.1.1',
  pom: join(import.meta.dirname, 'kafka/pom.xml'),
  goal: 'dependency:copy-dependencies',
  mainJar: 'kafka_2.13-4.1.1.jar',
}

export const registryJars: Artifact = {
  name: 'Apicurio Registry 3.0.9',
  sizeMb: 104,
  folder: 'apicurio-registry-3.0.9',
  pom: join(import.meta.dirname, 'registry/pom.xml'),
  goal: 'dependency:unpack',
  mainJar: 'apicurio-registry-app-3.0.9-runner.jar',
}

const install =
  'Debian/Ubuntu: `apt-get install openjdk-17-jre-headless maven`, macOS: `brew install openjdk@17 maven`'

/** The java command, or a sentence that says what to install. */
export async function findJava(): Promise<string> {
  const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin/java') : 'java'
  const major = await javaMajor(java)
  if (major === undefined)
    throw new SetupError(`Kafka and the schema registry need Java 17 or later. ${install}.`)
  if (major < 17)
    throw new SetupError(`Java 17 or later is needed, \`${java}\` is Java ${major}. ${install}.`)
  return java
}

async function javaMajor(java: string): Promise<number | undefined> {
  try {
    const { stderr, stdout } = await promisify(execFile)(java, ['-version'])
    return Number(/version "(\d+)/.exec(stderr + stdout)?.[1])
  } catch {
    return undefined // not installed; macOS has a stub that fails too
  }
}

export async function fetchJars(artifact: Artifact, report: (line: string) => void): Promise<string> {
  const destination = join(runtimeDir, artifact.folder)
  if (existsSync(join(destination, artifact.mainJar))) return destination
  removeAbandoned(artifact)
  const unfinished = `${destination}.unfinished-${process.pid}`
  mkdirSync(unfinished, { recursive: true })
  try {
    await runMaven(artifact, unfinished, report)
    putInPlace(unfinished, destination, artifact)
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
  return destination
}

function removeAbandoned(artifact: Artifact): void {
  if (!existsSync(runtimeDir)) return
  for (const entry of readdirSync(runtimeDir)) {
    const pid = Number(entry.split('.unfinished-')[1])
    if (!entry.startsWith(`${artifact.folder}.unfinished-`) || identityOf(pid) !== undefined) continue
    rmSync(join(runtimeDir, entry), { recursive: true, force: true })
  }
}

/** Somebody else may have put it there meanwhile; a folder without its main jar is nobody's work. */
function putInPlace(from: string, to: string, { mainJar }: Artifact): void {
  if (existsSync(join(to, mainJar))) return
  rmSync(to, { recursive: true, force: true })
  try {
    renameSync(from, to)
  } catch (error) {
    if (!existsSync(join(to, mainJar))) throw error
  }
}

async function runMaven(
  artifact: Artifact,
  outputDir: string,
  report: (line: string) => void,
): Promise<void> {
  report(`Fetching ${artifact.name} (${artifact.sizeMb} MB) with Maven …`)
  const startMs = performance.now()
  const seconds = () => `${((performance.now() - startMs) / 1000).toFixed(0)} s`
  const ticker = setInterval(() => report(`Fetching ${artifact.name}: ${seconds()} …`), 5_000)
  try {
    const { code, output } = await spawnMaven([
      ...['-q', '-B', '-ntp', '-f', artifact.pom, artifact.goal, `-DoutputDirectory=${outputDir}`],
      ...localRepository(),
    ])
    if (code !== 0 || !existsSync(join(outputDir, artifact.mainJar))) {
      const tail = output.trimEnd().split('\n').slice(-12).join('\n')
      throw new SetupError(`Maven could not fetch ${artifact.name} (is the network there?):\n${tail}`)
    }
  } finally {
    clearInterval(ticker)
  }
  report(`Fetched ${artifact.name} in ${seconds()} into ${join(basename(runtimeDir), artifact.folder)}.`)
}

/** Maven keeps its cache under HOME; a user without a home gets it in the project. */
function localRepository(): string[] {
  return existsSync(homedir()) ? [] : [`-Dmaven.repo.local=${join(runtimeDir, 'm2')}`]
}

function spawnMaven(args: string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((done, fail) => {
    const maven = spawn('mvn', args, {
      cwd: dirname(import.meta.filename),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    const collect = (chunk: Buffer) => {
      output += chunk
    }
    maven.stdout.on('data', collect)
    maven.stderr.on('data', collect)
    maven.once('error', () =>
      fail(new SetupError(`Maven is needed to fetch Kafka and the registry. ${install}.`)),
    )
    maven.once('close', (code) => done({ code, output }))
  })
}

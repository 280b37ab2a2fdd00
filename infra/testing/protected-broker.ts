// A broker that lets in only who has a password, over TLS, by a certificate of its own making.
import { execFile } from 'node:child_process'
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { answersApiVersions, kafkaCommand, prepareKafka } from '../local/kafka.ts'
import { end, launch, waitUntilReady } from '../local/kept-process.ts'
import { fetchJars, findJava, kafkaJars } from '../local/maven.ts'
import { anyPorts } from '../local/ports.ts'
import { openScratch } from './scratch.ts'

const run = promisify(execFile)
const storePassword = 'only-for-this-test'

export type ProtectedBroker = {
  /** The listener with TLS and SASL. */
  address: string
  /** The one with TLS alone. */
  tlsAddress: string
  /** The PEM file of whom to believe. */
  ca: string
  user: string
  password: string
  stop(): Promise<void>
}

export async function startProtectedBroker(): Promise<ProtectedBroker> {
  const scratch = openScratch()
  const { dir } = scratch
  for (const folder of ['pids', 'logs']) mkdirSync(join(dir, folder))
  const java = await findJava()
  const setup = { dataDir: dir, java, jarsDir: await fetchJars(kafkaJars, () => {}) }
  const ports = await anyPorts()
  const [safePort, tlsPort] = [ports.registry, ports.postgres]
  const [user, password] = ['cold@stream', 'p:ss w%rd']
  const ca = await makeCertificate(dir, java)
  await prepareKafka(setup, ports)
  // Of a property that stands twice the last one counts.
  appendFileSync(
    join(dir, 'kafka/server.properties'),
    [
      `listeners=PLAINTEXT://127.0.0.1:${ports.kafka},CONTROLLER://127.0.0.1:${ports.controller},SAFE://127.0.0.1:${safePort},TLS://127.0.0.1:${tlsPort}`,
      `advertised.listeners=PLAINTEXT://127.0.0.1:${ports.kafka},SAFE://127.0.0.1:${safePort},TLS://127.0.0.1:${tlsPort}`,
      'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SAFE:SASL_SSL,TLS:SSL',
      'ssl.keystore.type=PKCS12',
      `ssl.keystore.location=${join(dir, 'broker.p12')}`,
      `ssl.keystore.password=${storePassword}`,
      'sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512',
      `listener.name.safe.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required "user_${user}"="${password}";`,
      ...['256', '512'].map(
        (bits) =>
          `listener.name.safe.scram-sha-${bits}.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;`,
      ),
      '',
    ].join('\n'),
  )
  const command = kafkaCommand(setup)
  const kept = launch(command, { kafka: ports.kafka })
  const stop = async () => {
    await end(kept, command)
    await scratch.remove()
  }
  try {
    await waitUntilReady(command, kept, () => answersApiVersions(ports.kafka))
    const tool = [
      '-cp',
      join(setup.jarsDir, '*'),
      'kafka.admin.ConfigCommand',
      '--alter',
      '--bootstrap-server',
    ]
    const who = ['--entity-type', 'users', '--entity-name', user]
    // One mechanism a call is all that the tool takes.
    for (const bits of ['256', '512']) {
      const scram = ['--add-config', `SCRAM-SHA-${bits}=[iterations=4096,password=${password}]`]
      await run(java, [...tool, `127.0.0.1:${ports.kafka}`, ...who, ...scram])
    }
  } catch (error) {
    await stop()
    throw error
  }
  const tlsAddress = `127.0.0.1:${tlsPort}`
  return { address: `127.0.0.1:${safePort}`, tlsAddress, ca, user, password, stop }
}

/** Returns the path of its PEM file. */
async function makeCertificate(dir: string, java: string): Promise<string> {
  const keytool = java === 'java' ? 'keytool' : join(dirname(java), 'keytool')
  const store = ['-alias', 'broker', '-keystore', join(dir, 'broker.p12'), '-storepass', storePassword]
  const of = ['-dname', 'CN=127.0.0.1', '-ext', 'san=ip:127.0.0.1', '-validity', '2']
  await run(keytool, ['-genkeypair', ...store, '-storetype', 'PKCS12', '-keyalg', 'EC', ...of])
  const { stdout } = await run(keytool, ['-exportcert', '-rfc', ...store])
  const ca = join(dir, 'ca.pem')
  writeFileSync(ca, stdout)
  return ca
}

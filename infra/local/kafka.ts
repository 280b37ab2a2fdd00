// The broker on this machine: one Kafka node in KRaft mode, from Maven's jars, on loopback.
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Command } from './kept-process.ts'
import type { EnginePorts } from './ports.ts'

export type KafkaSetup = { dataDir: string; java: string; jarsDir: string }

export function kafkaCommand({ dataDir, java, jarsDir }: KafkaSetup): Command {
  const home = join(dataDir, 'kafka')
  return {
    name: 'Kafka',
    file: java,
    args: [
      ...[
        '-Xms256m',
        '-Xmx512m',
        '-XX:+UseSerialGC',
        '-XX:TieredStopAtLevel=1',
        '-XX:+ExitOnOutOfMemoryError',
      ],
      `-Dcoldstream.log=${join(dataDir, 'logs/kafka.log')}`,
      `-Dlog4j2.configurationFile=${join(import.meta.dirname, 'kafka/log4j2.xml')}`,
      ...['-cp', join(jarsDir, '*'), 'kafka.Kafka', join(home, 'server.properties')],
    ],
    env: process.env,
    cwd: home,
    pidFile: join(dataDir, 'pids/kafka.json'),
    outputFile: join(dataDir, 'logs/kafka.out'),
    stopSignal: 'SIGTERM',
    stopGraceMs: 15_000,
  }
}

/** Writes the settings and, once, formats the storage. */
export async function prepareKafka(setup: KafkaSetup, ports: EnginePorts): Promise<void> {
  const home = join(setup.dataDir, 'kafka')
  const storage = join(home, 'data')
  mkdirSync(home, { recursive: true })
  writeFileSync(join(home, 'server.properties'), settings(storage, ports))
  if (existsSync(join(storage, 'meta.properties'))) return

  // Formatted beside its place and renamed, so that a crash in between is not taken for a formatted storage.
  const unfinished = join(home, 'data.unfinished')
  const formatSettings = join(home, 'format.properties')
  rmSync(unfinished, { recursive: true, force: true })
  rmSync(storage, { recursive: true, force: true })
  writeFileSync(formatSettings, settings(unfinished, ports))
  await promisify(execFile)(setup.java, [
    ...['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-cp', join(setup.jarsDir, '*')],
    ...['kafka.tools.StorageTool', 'format', '-t', clusterId(), '-c', formatSettings],
  ])
  renameSync(unfinished, storage)
}

/** A Kafka uuid: 16 bytes as base64url; one that begins with `-` reads like an option. */
function clusterId(): string {
  const bytes = randomBytes(16)
  bytes[0] = 0x40
  return bytes.toString('base64url')
}

function settings(storage: string, { kafka, controller }: EnginePorts): string {
  return `${Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controller}`,
    listeners: `PLAINTEXT://127.0.0.1:${kafka},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${kafka}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'log.dirs': storage,
    'auto.create.topics.enable': false,
    // One node holds every copy: without these, groups hang and transactions fail, and the log says nothing.
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,
    'share.coordinator.state.topic.num.partitions': 1,
    'group.initial.rebalance.delay.ms': 0,
    // By default 6 s: so long at least a process that was killed would keep its partitions (SESSION_TIMEOUT).
    'group.min.session.timeout.ms': 1000,
    // After a SIGKILL the next start waits until the dead broker's registration has expired.
    'broker.session.timeout.ms': 2000,
    'broker.heartbeat.interval.ms': 500,
    'log.cleaner.dedupe.buffer.size': 4_194_304,
    'log.cleaner.threads': 1,
    'num.network.threads': 2,
    'num.io.threads': 4,
  })
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')}\n`
}

/** An open port is not yet a broker: ready means that an ApiVersions request is answered. */
export function answersApiVersions(port: number, timeoutMs = 1_000): Promise<boolean> {
  const request = Buffer.alloc(14)
  request.writeInt32BE(10, 0) // length of what follows
  request.writeInt16BE(18, 4) // ApiVersions, version 0
  request.writeInt32BE(1, 8) // correlation id
  request.writeInt16BE(-1, 12) // no client id
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: timeoutMs })
    const settle = (isReady: boolean) => {
      socket.destroy()
      resolve(isReady)
    }
    socket.once('connect', () => socket.write(request))
    socket.once('data', (answer) => settle(answer.length >= 10 && answer.readInt32BE(4) === 1))
    socket.once('timeout', () => settle(false))
    socket.once('error', () => settle(false))
    socket.once('close', () => settle(false))
  })
}

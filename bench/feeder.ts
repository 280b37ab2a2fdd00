// Writes the fleet's registry and its uplinks to Kafka, as the outbox and the bridge would.
import { setTimeout as sleep } from 'node:timers/promises'
import rdkafka, { type LibrdKafkaError, type Producer } from 'node-rdkafka'
import { producerSettings } from '../infra/kafka.ts'
import type { Codecs } from '../schemas/codec.ts'
import { type TopicName, topicName } from '../schemas/topics.ts'
import { answer } from '../topology/kafka-clients.ts'
import { assignmentsOf, configOf, type Fleet, recordedAtOf, unitsOf, uplinkOf } from './world.ts'

const FLUSH_WITHIN_MS = 120_000

export class Feeder {
  readonly #producer: Producer
  readonly #codecs: Codecs
  readonly #prefix: string

  private constructor(producer: Producer, codecs: Codecs, prefix: string) {
    this.#producer = producer
    this.#codecs = codecs
    this.#prefix = prefix
  }

  static async connect(brokers: string, codecs: Codecs, prefix: string): Promise<Feeder> {
    const { global, topic } = producerSettings(brokers)
    const producer = new rdkafka.Producer(
      { ...global, dr_cb: false, 'queue.buffering.max.messages': 500_000 },
      topic,
    )
    await answer<unknown>((done) => producer.connect({}, done as never))
    producer.setPollInterval(20)
    return new Feeder(producer, codecs, prefix)
  }

  async registry(devices: number): Promise<void> {
    const units = unitsOf(devices)
    for (const device of units) {
      const config = configOf(device)
      await this.#write('unit-configs', config.unitId, this.#codecs.of('unit-configs').encode(config))
    }
    for (let device = 0; device < devices; device++) {
      const assignments = assignmentsOf(device)
      await this.#write('devices', assignments.devEui, this.#codecs.of('devices').encode(assignments))
    }
    await this.flush()
  }

  /** A part of a round; the round's devices in the order in which they measure. Returns the bytes. */
  async uplinks(fleet: Fleet, round: number, from: number, to: number): Promise<number> {
    const { encode } = this.#codecs.of('uplinks')
    let bytes = 0
    for (let device = from; device < to; device++) {
      const uplink = uplinkOf(device, round, recordedAtOf(fleet, round, device))
      const value = encode(uplink)
      bytes += value.length
      await this.#write('uplinks', uplink.devEui, value, uplink.receivedAt)
    }
    return bytes
  }

  async flush(): Promise<void> {
    await answer<unknown>((done) => this.#producer.flush(FLUSH_WITHIN_MS, done as never))
  }

  async close(): Promise<void> {
    await answer<unknown>((done) => this.#producer.disconnect(done as never))
  }

  /** `writtenMs`: what a backlog's records say, by which processes wait for each other; null: now. */
  async #write(topic: TopicName, key: string, value: Buffer, writtenMs: number | null = null): Promise<void> {
    for (;;) {
      try {
        this.#producer.produce(topicName(this.#prefix, topic), null, value, key, writtenMs)
        return
      } catch (error) {
        if ((error as LibrdKafkaError).code !== rdkafka.CODES.ERRORS.ERR__QUEUE_FULL) throw error
        await sleep(5)
      }
    }
  }
}

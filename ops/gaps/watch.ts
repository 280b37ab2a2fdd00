// Follows the topic uplinks and knows of every device which frames never came: each look reads only what is new since the last.
import { readTopic } from '../../infra/topic-reader.ts'
import { addFrame, type DeviceFrames, noFrames } from '../../processors/gaps.ts'
import type { Codecs } from '../../schemas/codec.ts'
import { topicName } from '../../schemas/topics.ts'
import { valueIn } from '../logged-values.ts'

export type GapWatch = {
  devices: ReadonlyMap<string, DeviceFrames>
  /** Reads to the topic's present end; the devices that have new frames. */
  look(): Promise<Set<string>>
}

export type WatchOptions = { brokers: string; prefix: string; codecs: Codecs }

export function watchGaps({ brokers, prefix, codecs }: WatchOptions): GapWatch {
  const devices = new Map<string, DeviceFrames>()
  const next = new Map<number, number>()
  const topic = topicName(prefix, 'uplinks')
  return {
    devices,
    async look() {
      const changed = new Set<string>()
      await readTopic({ brokers, topic, from: new Map(next) }, async (messages) => {
        for (const message of messages) {
          next.set(message.partition, message.offset + 1)
          const uplink = await valueIn(codecs, 'uplinks', message)
          if (uplink === null) continue
          const frames = devices.get(uplink.devEui) ?? noFrames(uplink.devEui)
          devices.set(uplink.devEui, frames)
          if (addFrame(frames, uplink)) changed.add(uplink.devEui)
        }
      })
      return changed
    },
  }
}

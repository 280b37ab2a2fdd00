// One sensor through its life: when it measures, what it counts, how its battery fares, and its LoRaWAN sessions.

import { type Fault, faultsOf, isDuring } from './faults.ts'
import type { SimulatedDevice } from './fleet.ts'
import type { Measured } from './payloads.ts'
import { chanceOf } from './random.ts'

/** One frame as it leaves the sensor. */
export type Frame = {
  atMs: number
  device: SimulatedDevice
  session: number
  fCnt: number
  /** Null: a join, not a measurement. */
  payload: { fPort: number; bytes: Buffer } | null
  simulated: boolean
}

export type Surroundings = { sensorC: number; outsideC: number; humidityPercent: number; doorOpen: boolean }

export type DeviceLife = {
  /** When it will send by itself; Infinity: never again. */
  nextAtMs(): number
  /** Whether the door is its business. */
  watchesDoor: boolean
  /** The regular frame that was due. */
  sendDue(surroundings: Surroundings): Frame[]
  /** The frame at a change of the door. */
  sendEdge(atMs: number, surroundings: Surroundings): Frame[]
}

const hourMs = 3_600_000
/** From when on a battery that will die gives less. */
const fadingMs = 36 * hourMs
const simulatedC = 40
const playedAfterMs = 20_000
/** Between a join's accept and the first measurement. */
const joiningMs = 6_000

type Memory = {
  sample: number
  session: number
  fCnt: number
  openings: number
  lastOpenSeconds: number
  changedAtMs: number
}

export function deviceLife(
  device: SimulatedDevice,
  { seed, originMs, faults }: { seed: number; originMs: number; faults: readonly Fault[] },
): DeviceLife {
  const { model, devEui } = device
  const own = chanceOf(seed, 'device', devEui)
  // A contact says that it is alive once an hour; a thermometer measures at its interval.
  const intervalMs = model.gives.temperature ? device.intervalMs : hourMs
  const firstMs = originMs + Math.round(own.between(0, intervalMs))
  const freshVolts = own.between(3, 3.08)
  const deaths = faultsOf(faults, 'dead-battery').filter((fault) => fault.devEui === devEui)
  const plays = faultsOf(faults, 'simulated-uplinks').filter((fault) => fault.devEui === devEui)
  const memory: Memory = {
    sample: 0,
    session: 0,
    fCnt: 0,
    openings: 0,
    lastOpenSeconds: 0,
    changedAtMs: originMs,
  }

  const dueAtMs = () => {
    const jitterMs = chanceOf(seed, 'jitter', devEui, memory.sample).between(0, 1_500)
    return Math.round(firstMs + memory.sample * intervalMs + jitterMs)
  }
  let nextAtMs = dueAtMs()

  function measured(atMs: number, around: Surroundings): Measured {
    const chance = chanceOf(seed, 'noise', devEui, memory.session, memory.fCnt)
    const errorC = chance.noise(model.noiseC) - device.calibrationOffsetC
    const temperatureC = around.sensorC + errorC
    return {
      temperatureC,
      humidityPercent: around.humidityPercent + chance.noise(1.5),
      caseC: device.isCabled || !model.gives.temperature ? around.outsideC : temperatureC,
      doorOpen: around.doorOpen,
      openings: memory.openings,
      lastOpenSeconds: memory.lastOpenSeconds,
      secondsSinceChange: (atMs - memory.changedAtMs) / 1_000,
      ...battery(atMs, freshVolts, deaths),
    }
  }

  function frames(atMs: number, around: Surroundings): Frame[] {
    if (deaths.some((death) => isDuring(death, atMs))) return []
    const death = deaths.filter(({ toMs }) => toMs <= atMs).length
    // A new battery is a new join: another session, and the counter from 0.
    const joins = death > memory.session ? [joinFrame(atMs, death)] : []
    const frame = (simulated: boolean, values: Measured): Frame => ({
      atMs: atMs + (simulated ? playedAfterMs : joins.length > 0 ? joiningMs : 0),
      device,
      session: memory.session,
      fCnt: memory.fCnt,
      payload: model.encode(values),
      simulated,
    })
    const values = measured(atMs, around)
    const real = frame(false, values)
    const played = plays.some((play) => isDuring(play, atMs))
      ? [frame(true, { ...values, temperatureC: simulatedC })]
      : []
    memory.fCnt += 1
    return [...joins, real, ...played]
  }

  function joinFrame(atMs: number, session: number): Frame {
    memory.session = session
    memory.fCnt = 0
    return { atMs, device, session, fCnt: 0, payload: null, simulated: false }
  }

  return {
    watchesDoor: model.gives.door,
    nextAtMs: () => nextAtMs,
    sendDue(around) {
      const sent = frames(nextAtMs, around)
      memory.sample += 1
      nextAtMs = dueAtMs()
      return sent
    },
    sendEdge(atMs, around) {
      if (around.doorOpen) memory.openings += 1
      else memory.lastOpenSeconds = (atMs - memory.changedAtMs) / 1_000
      memory.changedAtMs = atMs
      return frames(atMs, around)
    },
  }
}

/** Level for two years, then down within a day and a half. */
function battery(atMs: number, freshVolts: number, deaths: readonly { fromMs: number }[]) {
  const nextDeath = deaths.find(({ fromMs }) => fromMs > atMs)
  const left = nextDeath === undefined ? 1 : Math.min(1, (nextDeath.fromMs - atMs) / fadingMs)
  return { batteryVolts: 2.3 + left * (freshVolts - 2.3), batteryPercent: 2 + left * 93 }
}

// One unit through time: its compartment in steps of ten seconds, its door, its sensors. The state at an instant depends
// on the seed, the fleet, the faults and the origin only, so any window of it can be computed again.

import { deviceLife, type Frame } from './device.ts'
import { apart, dayMs, openingsOfDay, type Span, zoneOffsetMs } from './door-traffic.ts'
import { type Fault, faultsOf, isDuring } from './faults.ts'
import type { SimulatedUnit } from './fleet.ts'
import { chanceOf } from './random.ts'
import { advance, compartment, startState } from './thermal.ts'

export type UnitLife = {
  /** What its sensors have sent since the last call, in order; time goes forward only. */
  advance(toMs: number): Frame[]
}

export type UnitWorld = { seed: number; originMs: number; faults: readonly Fault[] }

export const stepMs = 10_000
const minuteMs = 60_000

export function unitLife(unit: SimulatedUnit, world: UnitWorld): UnitLife {
  const { seed, originMs, faults } = world
  const room = compartment(unit.type, unit.tempMinC, unit.tempMaxC)
  const outside = outsideOf(unit, seed, originMs)
  const failures = faultsOf(faults, 'compressor-failure').filter((fault) => fault.unitId === unit.unitId)
  const isDefrosting = defrosts(room.defrost, chanceOf(seed, 'defrost', unit.unitId).between(0, 480))
  const devices = unit.devices.map((device) => deviceLife(device, world))
  const door = doorOf(unit, world)
  let state = startState(room)
  let nowMs = originMs

  function surroundings(outsideC: number, doorOpen: boolean) {
    const humidityPercent = Math.min(96, Math.max(18, 58 + 3 * (state.airC - room.setPointC)))
    return { sensorC: state.sensorC, outsideC, humidityPercent, doorOpen }
  }

  const nextMs = () =>
    devices.reduce((least, device) => Math.min(least, device.nextAtMs()), door.nextEdgeMs())

  /** What happens at one instant: the door's edge before a measurement. */
  function happen(atMs: number, outsideC: number): Frame[] {
    if (door.nextEdgeMs() === atMs) {
      const around = surroundings(outsideC, door.passEdge())
      return devices.flatMap((device) => (device.watchesDoor ? device.sendEdge(atMs, around) : []))
    }
    const around = surroundings(outsideC, door.isOpen())
    return devices.flatMap((device) => (device.nextAtMs() === atMs ? device.sendDue(around) : []))
  }

  let dueMs = nextMs()
  return {
    advance(toMs) {
      const sent: Frame[] = []
      while (nowMs + stepMs <= toMs) {
        const outsideC = outside(nowMs)
        const canCool = !failures.some((failure) => isDuring(failure, nowMs))
        const influences = { outsideC, doorOpen: door.isOpen(), canCool, isDefrosting: isDefrosting(nowMs) }
        state = advance(state, room, influences, stepMs / minuteMs)
        nowMs += stepMs
        for (; dueMs < nowMs; dueMs = nextMs()) sent.push(...happen(dueMs, outsideC))
      }
      return sent
    },
  }
}

/** Warmest in the afternoon, by the site's clock; a kitchen is not a pharmacy. */
function outsideOf(unit: SimulatedUnit, seed: number, originMs: number): (atMs: number) => number {
  const meanC = 21.5 + chanceOf(seed, 'outside', unit.unitId).between(-1, 2)
  const offsetMs = zoneOffsetMs(unit.timeZone, originMs)
  const phase = (2 * Math.PI) / dayMs
  return (atMs) => meanC - 2 * Math.cos((atMs + offsetMs - 3 * 3_600_000) * phase)
}

function defrosts(defrost: { everyMinutes: number; forMinutes: number } | null, phaseMinutes: number) {
  if (defrost === null) return () => false
  const { everyMinutes, forMinutes } = defrost
  return (atMs: number) => (atMs / minuteMs + phaseMinutes) % everyMinutes < forMinutes
}

type Door = { isOpen(): boolean; nextEdgeMs(): number; passEdge(): boolean }

function doorOf(unit: SimulatedUnit, { seed, originMs, faults }: UnitWorld): Door {
  const traffic = { seed, unitId: unit.unitId, type: unit.type, timeZone: unit.timeZone }
  const left: Span[] = faultsOf(faults, 'door-left-open').filter((fault) => fault.unitId === unit.unitId)
  const marginMs = 2 * minuteMs
  const meetsFault = ({ fromMs, toMs }: Span) =>
    left.some((fault) => fromMs < fault.toMs + marginMs && toMs > fault.fromMs - marginMs)
  const dayOf = (dayStartMs: number): Span[] => {
    const usual = openingsOfDay(traffic, dayStartMs).filter((opening) => !meetsFault(opening))
    const begun = left.filter(({ fromMs }) => fromMs >= dayStartMs && fromMs < dayStartMs + dayMs)
    return apart([...usual, ...begun].sort((a, b) => a.fromMs - b.fromMs))
  }
  let dayStartMs = Math.floor(originMs / dayMs) * dayMs
  let queue = dayOf(dayStartMs)
  let isOpen = false
  const current = (): Span => {
    while (queue.length === 0) {
      dayStartMs += dayMs
      queue = dayOf(dayStartMs)
    }
    return queue[0] as Span
  }
  return {
    isOpen: () => isOpen,
    nextEdgeMs: () => (isOpen ? current().toMs : current().fromMs),
    passEdge() {
      if (isOpen) queue.shift()
      isOpen = !isOpen
      return isOpen
    },
  }
}

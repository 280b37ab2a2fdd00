// A cold compartment as three heats: the air, what is stored in it, and the sensor that lags behind the air. Warmth comes
// through the walls and through the open door, a compressor with a thermostat takes it away, freezers are defrosted.
//
//   dAir/dt    = (goods − air)/τ(air,goods) + (outside − air)/τ(wall) + [door open] (outside − air)/τ(door)
//                − [compressor] cooling + [defrost] heating
//   dGoods/dt  = (air − goods)/τ(goods,air)
//   dSensor/dt = (air − sensor)/τ(sensor)

export type UnitType =
  | 'fridge'
  | 'freezer'
  | 'display_case'
  | 'walk_in_cooler'
  | 'walk_in_freezer'
  | 'blast_chiller'

export type Compartment = {
  setPointC: number
  /** The thermostat switches at the set point plus and minus this. */
  bandC: number
  airToGoodsMinutes: number
  goodsToAirMinutes: number
  wallMinutes: number
  doorMinutes: number
  sensorMinutes: number
  coolingCPerMinute: number
  /** Null: it has no defrost. */
  defrost: { everyMinutes: number; forMinutes: number; heatingCPerMinute: number } | null
}

export type ThermalState = { airC: number; goodsC: number; sensorC: number; isCooling: boolean }

export type Influences = {
  outsideC: number
  doorOpen: boolean
  /** False while the compressor is broken. */
  canCool: boolean
  /** Minutes since the last defrost began, for its schedule. */
  isDefrosting: boolean
}

type Build = { airToGoods: number; goods: number; wall: number; door: number; coldC: number }

/** Minutes, but for coldC: the usual temperature where no limits are known. */
const builds: Record<UnitType, Build> = {
  fridge: { airToGoods: 6, goods: 6, wall: 60, door: 12, coldC: 4.5 },
  display_case: { airToGoods: 7, goods: 8, wall: 70, door: 20, coldC: 4 },
  walk_in_cooler: { airToGoods: 6, goods: 9, wall: 90, door: 25, coldC: 3 },
  blast_chiller: { airToGoods: 5, goods: 6, wall: 80, door: 14, coldC: 2 },
  freezer: { airToGoods: 6, goods: 9, wall: 130, door: 25, coldC: -21 },
  walk_in_freezer: { airToGoods: 6, goods: 12, wall: 150, door: 40, coldC: -22 },
}

/** What the walls are designed against. */
const designOutsideC = 24
const dutyByDesign = 0.4
const fridgeIceC = -8

export function compartment(type: UnitType, tempMinC: number | null, tempMaxC: number | null): Compartment {
  const { airToGoods, goods, wall, door, coldC } = builds[type]
  const setPointC = setPoint(tempMinC, tempMaxC, coldC)
  const roomC = Math.min(setPointC - (tempMinC ?? -Infinity), (tempMaxC ?? Infinity) - setPointC, 6)
  const leakCPerMinute = (designOutsideC - setPointC) / wall
  return {
    setPointC,
    bandC: Math.min(0.8, roomC / 4),
    airToGoodsMinutes: airToGoods,
    goodsToAirMinutes: airToGoods * goods,
    wallMinutes: wall,
    doorMinutes: door,
    sensorMinutes: 4,
    coolingCPerMinute: leakCPerMinute / dutyByDesign,
    defrost: setPointC > fridgeIceC ? null : defrostThatStaysInside(roomC, leakCPerMinute, airToGoods),
  }
}

function setPoint(tempMinC: number | null, tempMaxC: number | null, coldC: number): number {
  if (tempMinC !== null && tempMaxC !== null) return tempMinC + 0.45 * (tempMaxC - tempMinC)
  if (tempMaxC !== null) return Math.min(coldC, tempMaxC - 3)
  if (tempMinC !== null) return Math.max(coldC, tempMinC + 3)
  return coldC
}

/** The heater warms the air towards (leak + heating)·τ above the goods: sized to stay inside the limits. */
function defrostThatStaysInside(roomC: number, leakCPerMinute: number, airToGoods: number) {
  const heatingCPerMinute = Math.max(0, (0.6 * roomC) / airToGoods - leakCPerMinute)
  return { everyMinutes: 480, forMinutes: 18, heatingCPerMinute }
}

export function startState({ setPointC }: Compartment): ThermalState {
  return { airC: setPointC, goodsC: setPointC, sensorC: setPointC, isCooling: false }
}

function thermostat(
  state: ThermalState,
  { setPointC, bandC }: Compartment,
  { canCool, isDefrosting }: Influences,
) {
  if (!canCool || isDefrosting) return false
  if (state.airC >= setPointC + bandC) return true
  if (state.airC <= setPointC - bandC) return false
  return state.isCooling
}

/** One step of explicit integration; steps must be short against the shortest τ. */
export function advance(
  state: ThermalState,
  unit: Compartment,
  influences: Influences,
  minutes: number,
): ThermalState {
  const { airC, goodsC, sensorC } = state
  const { outsideC, doorOpen, isDefrosting } = influences
  const isCooling = thermostat(state, unit, influences)
  const airRate =
    (goodsC - airC) / unit.airToGoodsMinutes +
    (outsideC - airC) / unit.wallMinutes +
    (doorOpen ? (outsideC - airC) / unit.doorMinutes : 0) -
    (isCooling ? unit.coolingCPerMinute : 0) +
    (isDefrosting ? (unit.defrost?.heatingCPerMinute ?? 0) : 0)
  return {
    airC: airC + airRate * minutes,
    goodsC: goodsC + ((airC - goodsC) / unit.goodsToAirMinutes) * minutes,
    sensorC: sensorC + ((airC - sensorC) / unit.sensorMinutes) * minutes,
    isCooling,
  }
}

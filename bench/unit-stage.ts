// How many observations a second the unit stage takes alone, in order and on one core, and how large a unit's state is.
//
// "Settled every 50" is a backlog: a commit holds many observations of a unit, and its open windows go out once. "Every 1" is
// the live stream at its worst: each observation alone sends its hour, day, week and month, four records to one.
import { getHeapStatistics } from 'node:v8'
import { fridge, hours, minutes, reading } from '../processors/unit-driver.ts'
import { unitStage } from '../processors/unit-stage.ts'
import { memoryRegistry, openCodecs } from '../schemas/codec.ts'
import type { Reading } from '../schemas/generated/types.ts'
import { derivedId } from '../schemas/identity.ts'

const UNITS = 100
const ROUNDS = 4000
/** As many as lie between two settlings at most: each lap has the same to do. */
const ROUNDS_A_CHUNK = 50
const SETTLINGS = [50, 10, 1]

const config = fridge({
  tempMin: 2,
  tempMax: 8,
  excursionConfirmMinutesDoorClosed: 15,
  expectedReadingIntervalSeconds: 600,
  offlineTriggerMultiplier: 3,
})

type Emit = Parameters<ReturnType<typeof unitStage>['onRecord']>[2]

/** What a chunk of rounds brings: made before the clock runs. */
const chunkFrom = (firstRound: number): Reading[][] =>
  Array.from({ length: ROUNDS_A_CHUNK }, (_, nth) => {
    const round = firstRound + nth
    return Array.from({ length: UNITS }, (_, unit) =>
      reading({
        at: round * minutes(10) + unit,
        temperature: 5 + 2 * Math.sin(round / 17 + unit),
        humidity: 40,
      }),
    )
  })

function measure(roundsASettling: number): string {
  const stage = unitStage()
  let records = 0
  const emit = (): void => {
    records++
  }
  const states = Array.from({ length: UNITS }, (_, unit) => stage.initial(`unit ${unit}`))
  for (const state of states) stage.onRecord(state, { topic: 'unit-configs', value: config }, emit)
  const take = (round: number, values: readonly Reading[]): void =>
    states.forEach((state, unit) => {
      const value = values[unit]
      if (value === undefined) return
      stage.onRecord(state, { topic: 'readings', value }, emit)
      if ((round + 1) % roundsASettling !== 0) return
      stage.settle(state, value.recordedAt, emit)
      stage.nextTimerMs(state)
    })
  const laps: Lap[] = []
  for (let first = 0; first < ROUNDS; first += ROUNDS_A_CHUNK) {
    const chunk = chunkFrom(first)
    laps.push(
      lapOf(() => {
        for (const [nth, values] of chunk.entries()) take(first + nth, values)
      }),
    )
  }
  const observations = UNITS * ROUNDS
  const ofCpu = millions((observations * 1e6) / sum(laps.map(({ cpuMicros }) => cpuMicros)))
  const ofTime = millions((observations * 1000) / sum(laps.map(({ elapsedMs }) => elapsedMs)))
  const sent = (records / observations).toFixed(2)
  // Garbage was collected in some of the laps: the middle one does not mind.
  const bytes = median(laps.map((lap) => lap.bytes)) / (UNITS * ROUNDS_A_CHUNK)
  return (
    `settled every ${String(roundsASettling).padEnd(3)} ${ofCpu} a second of CPU, ${ofTime} a second elapsed; ` +
    `${sent} records out and ${bytes.toFixed(0)} bytes allocated each`
  )
}

type Lap = { elapsedMs: number; cpuMicros: number; bytes: number }

/** To ask for the memory and for the processor time takes some time itself. */
function lapOf(work: () => void): Lap {
  const startBytes = getHeapStatistics().used_heap_size
  const startCpu = process.cpuUsage()
  const startMs = performance.now()
  work()
  const elapsedMs = performance.now() - startMs
  const { user, system } = process.cpuUsage(startCpu)
  return { elapsedMs, cpuMicros: user + system, bytes: getHeapStatistics().used_heap_size - startBytes }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
const median = (numbers: readonly number[]): number =>
  numbers.toSorted((a, b) => a - b)[numbers.length >> 1] ?? 0

const millions = (count: number): string => `${(count / 1e6).toFixed(2)} M observations`

const atMs = (round: number): number => Date.UTC(2026, 9, 5) + round * minutes(10)
const warm = (round: number): number => (round % 50 < 3 ? 9 : 5)

/** Ids as long as they are. */
const idOf = (name: string): string => derivedId('device', name)
const probe = { device: idOf('probe'), kind: 'temperature', gatewayId: '647fdafffe014abc' } as const
const door = { device: idOf('door'), kind: 'door', gatewayId: '647fdafffe014abc' } as const

/** What a unit's devices send every ten minutes. */
const fridges: [name: string, round: (round: number) => Reading[]][] = [
  ['a thermometer', (n) => [reading({ ...probe, at: atMs(n), temperature: 5 + (n % 3) })]],
  [
    'temperature and humidity',
    (n) => [reading({ ...probe, at: atMs(n), temperature: 5 + (n % 3), humidity: 40 })],
  ],
  [
    'both, and a door sensor',
    (n) => [
      reading({ ...probe, at: atMs(n), temperature: warm(n) + (n % 7) / 10, humidity: 40 + (n % 3) / 2 }),
      reading({ ...door, at: atMs(n) + 1, doorOpen: n % 12 === 0 }),
    ],
  ],
]

const inUnit = (deviceId: string) => ({
  ...{ deviceId, validFrom: 0, validUntil: null, calibrationValidUntil: null, silentMinutes: null },
})

/** The largest record in which the state is kept, once a week has filled everything that it holds. */
function stateBytes(encode: (value: never) => Buffer, readings: (round: number) => Reading[]): number {
  const stage = unitStage()
  const emit: Emit = () => {}
  const unitId = derivedId('unit', 'bench')
  const state = stage.initial(unitId)
  const ids = {
    unitId,
    organizationId: derivedId('organization', 'bench'),
    siteId: derivedId('site', 'bench'),
  }
  const devices = [probe, door].map(({ device }) => inUnit(device))
  stage.onRecord(state, { topic: 'unit-configs', value: { ...config, ...ids, devices } }, emit)
  let bytes = 0
  for (let round = 0; round * minutes(10) < hours(24 * 8); round++) {
    for (const value of readings(round)) stage.onRecord(state, { topic: 'readings', value }, emit)
    stage.settle(state, atMs(round) + 1, emit)
    if (round * minutes(10) >= hours(24 * 7))
      bytes = Math.max(bytes, encode(stage.save(state) as never).length)
  }
  return bytes
}

export async function stateSizes(): Promise<{ name: string; bytes: number }[]> {
  const { encode } = (await openCodecs(memoryRegistry(), '')).of('unit-changelog')
  return fridges.map(([name, readings]) => ({ name, bytes: stateBytes(encode as never, readings) }))
}

export async function run(): Promise<void> {
  measure(50)
  for (const roundsASettling of SETTLINGS) process.stdout.write(`${measure(roundsASettling)}\n`)
  for (const { name, bytes } of await stateSizes())
    process.stdout.write(`state of a unit with ${name}: ${bytes} bytes\n`)
}

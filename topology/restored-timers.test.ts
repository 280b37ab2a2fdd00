import avro from 'avsc'
import { expect, test } from 'vitest'
import { fridge, reading } from '../processors/unit-driver.ts'
import { memoryRegistry, openCodecs, schemaText, UnlearnedSchema } from '../schemas/codec.ts'
import type { TopicName } from '../schemas/topics.ts'
import { Task } from './engine.ts'
import { topology } from './topology.ts'

const registry = memoryRegistry()
const codecs = await openCodecs(registry, '')
const unit = topology.stages.find(({ name }) => name === 'unit')
if (unit === undefined) throw new Error('There is no unit stage.')
const stage = unit
const open = () => new Task(stage, 0, codecs, Date.now)

const record = (topic: TopicName, offset: number, value: Buffer) => ({
  ...{ topic, partition: 0, offset, key: Buffer.from('unit'), value, writtenMs: 1, headers: () => ({}) },
})

/** A unit whose silence is due at 10:30, and its changelog record. */
function watched(): { task: Task; saved: Buffer } {
  const task = open()
  const config = fridge({ expectedReadingIntervalSeconds: 600, offlineTriggerMultiplier: 3 })
  task.take(record('unit-configs', 0, codecs.of('unit-configs').encode(config)))
  const value = reading({ at: '10:00', temperature: 5 })
  const items = [{ key: 'unit', value: codecs.of('readings').encode(value) }]
  task.take(record('reading-batches', 0, codecs.of('reading-batches').encode({ items })))
  task.settle(value.recordedAt)
  const saved = [...task.outputs.records()].find(({ topic }) => topic === 'unit-changelog')
  if (saved === undefined) throw new Error('Nothing was saved.')
  const bytes = Buffer.from(saved.value)
  task.fold()
  return { task, saved: bytes }
}

test('a restored task has the timers that it had, without a state being loaded', () => {
  const { task, saved } = watched()
  const restored = open()
  restored.restore('unit', saved)
  // Nothing behind the first field is looked at.
  restored.restore('cut', saved.subarray(0, 14))
  restored.startTimers()
  expect(task.nextTimerMs).toBe(Date.parse('2026-02-02T10:30:00Z'))
  expect(restored.nextTimerMs).toBe(task.nextTimerMs)
  expect(restored.keys).toBe(2)
})

test('a state of a release that did not keep its timer is loaded and asked', async () => {
  const { task, saved } = watched()
  const older = JSON.parse(schemaText('unit-changelog')) as { fields: { name: string }[] }
  older.fields = older.fields.filter(({ name }) => name !== 'nextTimerMs')
  const id = await registry.register('older', JSON.stringify(older))
  const { nextTimerMs: _, ...state } = codecs.of('unit-changelog').decode(saved)
  const body = avro.Type.forSchema(older as unknown as avro.Schema).toBuffer(state)
  const restored = open()
  restored.restore('unit', Buffer.concat([Buffer.from([0, 0, 0, 0, id]), body]))
  expect(() => restored.startTimers()).toThrow(UnlearnedSchema)
  await codecs.learn('unit-changelog', id)
  restored.startTimers()
  expect(restored.nextTimerMs).toBe(task.nextTimerMs)
})

test('more timers than a transaction fires are fired by the next ones, and the clock says how far it has come', () => {
  const takeUnits = () => {
    const task = open()
    for (let n = 0; n < 5; n++) {
      const key = `unit ${n}`
      const config = fridge({ expectedReadingIntervalSeconds: 600, offlineTriggerMultiplier: 3 })
      const of = (topic: TopicName, value: Buffer) => ({ ...record(topic, n, value), key: Buffer.from(key) })
      task.take(of('unit-configs', codecs.of('unit-configs').encode({ ...config, unitId: key })))
      const value = codecs.of('readings').encode(reading({ at: `10:0${n}`, temperature: 5 }))
      task.take(of('reading-batches', codecs.of('reading-batches').encode({ items: [{ key, value }] })))
    }
    task.settle(Date.parse('2026-02-02T10:05:00Z'))
    task.fold()
    return task
  }
  const silencesOf = (task: Task) =>
    [...task.outputs.records()].filter(({ topic }) => topic === 'silences').map(({ key }) => key)
  const clockMs = Date.parse('2026-02-02T10:40:00Z')
  const whole = takeUnits()
  expect(whole.settle(clockMs)).toBe(clockMs)
  const task = takeUnits()
  const inParts: string[] = []
  const reached: number[] = []
  while (reached.at(-1) !== clockMs) {
    reached.push(task.settle(clockMs, 2))
    inParts.push(...silencesOf(task))
    task.fold()
  }
  expect(inParts).toEqual(['unit 0', 'unit 1', 'unit 2', 'unit 3', 'unit 4'])
  expect(inParts).toEqual(silencesOf(whole).sort())
  expect(reached.map((ms) => new Date(ms).toISOString().slice(11, 23))).toEqual([
    '10:31:59.999',
    '10:33:59.999',
    '10:40:00.000',
  ])
})

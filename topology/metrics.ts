// What a process tells Prometheus about its tasks.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Runtime, TaskStatus } from './kafka-runtime.ts'

const COMMIT_BUCKETS_S = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5]

export function processMetrics(runtime: Runtime): Registry {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const { totals } = runtime
  const commits = new Histogram({
    name: 'coldstream_commit_duration_seconds',
    help: 'Time from settling to the committed transaction.',
    buckets: COMMIT_BUCKETS_S,
    registers,
  })
  totals.onCommitMs = (ms) => commits.observe(ms / 1_000)
  const total = (name: string, help: string, read: () => number) =>
    new Counter({
      name: `coldstream_${name}_total`,
      help,
      registers,
      collect() {
        this.reset()
        this.inc(read())
      },
    })
  total('records', 'Records whose transaction was committed.', () => totals.records)
  total('dead_letters', 'Records put into dead-letters.', () => totals.deadLetters)
  total('transactions_aborted', 'Transactions that failed and were repeated.', () => totals.aborts)
  total('client_rebuilds', 'Times that all Kafka clients were built anew.', () => totals.rebuilds)
  total('restored_records', 'Changelog records read by restores.', () => totals.restoredRecords)
  total('restore_seconds', 'Time spent in restores.', () => totals.restoreMs / 1_000)
  new Gauge({
    name: 'coldstream_standby_keys',
    help: 'Keys of other processes of which a warm copy is kept here (STANDBY).',
    registers,
    collect() {
      this.set(runtime.copies().reduce((sum, { keys }) => sum + keys, 0))
    },
  })
  new Gauge({
    name: 'coldstream_loop_still_seconds',
    help: 'Time since the loop of reading, taking and committing has turned.',
    registers,
    collect() {
      this.set(runtime.loopStillMs() / 1_000)
    },
  })
  for (const [name, help, read] of gauges) taskGauge(registry, runtime, name, help, read)
  return registry
}

const gauges: [string, string, (task: TaskStatus) => number][] = [
  ['task_lag_records', 'Records of the stream that are still to be read.', (task) => task.lag],
  ['task_clock_seconds', 'The task clock, Unix time.', (task) => task.clockMs / 1_000],
  [
    'task_clock_stuck',
    '1 while the task has read all there is and its clock stands still: no timer fires.',
    (task) => Number(task.isStuck),
  ],
  ['task_keys', 'Keys with state.', (task) => task.keys],
  [
    'task_running',
    '1 once the task takes records of its stream.',
    (task) => Number(task.phase === 'running'),
  ],
]

function taskGauge(
  registry: Registry,
  runtime: Runtime,
  name: string,
  help: string,
  read: (task: TaskStatus) => number,
) {
  return new Gauge({
    name: `coldstream_${name}`,
    help,
    labelNames: ['stage', 'partition'],
    registers: [registry],
    collect() {
      this.reset()
      for (const task of runtime.tasks())
        this.set({ stage: task.stage, partition: String(task.partition) }, read(task))
    },
  })
}

// Alerts that need care rather than a temperature, through the whole pipeline: uplinks in Kafka, people at the command
// line, rows in Postgres.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openPublisher } from '../infra/publisher.ts'
import { registryAt } from '../infra/registry.ts'
import { freshDatabase, freshPrefix, testEngines } from '../infra/testing/engines.ts'
import { openCodecs } from '../schemas/codec.ts'
import { uplinkOf } from '../topology/testing/counting.ts'
import { startPipelineRun } from './testing/pipeline-run.ts'

const HOUR_MS = 3_600_000
const startMs = Math.floor(Date.now() / HOUR_MS) * HOUR_MS - 48 * HOUR_MS
const after = (minutes: number): number => startMs + minutes * 60_000

const device = (n: number): string => `70B3D57ED000000${n}`

/** Unit 3 has a door sensor, too. */
const devicesOf = (n: number): string =>
  [
    `{ devEui: "${device(n)}", name: Probe ${n}, kind: temperature }`,
    ...(n === 3 ? [`{ devEui: "${device(4)}", name: Door, kind: door, silentMinutes: 60 }`] : []),
  ].join(', ')

const fleet = `
organizations:
  - slug: org
    name: Org
    rule:
      expectedReadingIntervalSeconds: 600
      offlineTriggerMultiplier: 2
      lowBatteryPercent: 20
      escalationMinutes: [30, 60]
      manualIntervalMinutes: 120
    sites:
      - slug: site
        name: Site
        areas:
          - slug: area
            name: Area
            units:
${[1, 2, 3].map((n) => `              - { slug: unit-${n}, name: Unit ${n}, type: fridge, devices: [${devicesOf(n)}] }`).join('\n')}
`

/** Every ten minutes for four hours; the gateway of 1 and 2 is away from 60 to 120; the battery of 3 is low from 50 on; 4, in
 * the unit of 3, is silent after 150. */
const uplinks = Array.from({ length: 24 }, (_, round) => round * 10).flatMap((minute) =>
  [1, 2, 3, 4]
    .filter((n) => n === 3 || minute < 60 || (n === 4 ? minute <= 150 : minute >= 120))
    .map((n) => ({
      ...uplinkOf(device(n), minute, after(minute) + n),
      sessionKeyId: 'session',
      receivedAt: after(minute) + n,
      decodedPayload: JSON.stringify({ temperature: 5 + n / 10, battery: n === 3 && minute >= 50 ? 15 : 90 }),
      gateways: [{ gatewayId: n >= 3 ? 'cellar' : 'roof', gatewayEui: null, rssi: -90, snr: 5 }],
    })),
)

test('a gateway, a battery, a manual log and an acknowledgement end in their rows', async () => {
  const addresses = { ...testEngines(), databaseUrl: await freshDatabase(), prefix: freshPrefix() }
  const file = join(mkdtempSync(join(tmpdir(), 'coldstream-fleet-')), 'fleet.yaml')
  writeFileSync(file, fleet)
  const run = await startPipelineRun(addresses, { parts: ['sink'], fleet: file })
  onTestFinished(() => run.stop())
  const codec = (await openCodecs(registryAt(addresses.schemaRegistryUrl), addresses.prefix)).of('uplinks')
  const publisher = await openPublisher(addresses.kafkaBrokers)
  onTestFinished(() => publisher.close())
  const topic = `${addresses.prefix}uplinks`
  await publisher.publish(
    uplinks.map((uplink) => ({
      ...{ topic, key: uplink.devEui, value: codec.encode(uplink) },
      writtenMs: uplink.receivedAt,
    })),
  )
  // Only now: as a backlog they are taken in the order of their writing, not in that in which the partitions are fetched.
  run.startAnother('process', {})
  const query = async (text: string) => (await run.db.query(text)).rows

  const incidents =
    'select gateway_id, state, started_at, detected_at, ended_at, unit_ids from gateway_incidents'
  await expect
    .poll(() => query(incidents), { timeout: 30_000 })
    .toMatchObject([
      {
        ...{ gateway_id: 'roof', state: 'closed', started_at: new Date(after(50) + 2) },
        ...{ detected_at: new Date(after(70) + 2), ended_at: new Date(after(120) + 1) },
        unit_ids: [expect.any(String), expect.any(String)],
      },
    ])
  const alerts = (type: string) =>
    query(
      `select a.id, a.status, a.reason, a.escalated_at from alerts a join units u on u.id = a.unit_id
       where u.slug = 'unit-3' and alert_type = '${type}' and status <> 'retracted'`,
    )
  const levels = [new Date(after(80) + 3), new Date(after(110) + 3)]
  await expect
    .poll(() => alerts('low_battery'), { timeout: 20_000 })
    .toMatchObject([{ status: 'escalated', reason: 'percent', escalated_at: levels }])
  // From the first observation: overdue at 120, and escalated at 150 and 180.
  await expect.poll(() => alerts('missed_manual_entry')).toMatchObject([{ status: 'escalated' }])

  // Its limit passed at 210, and 4 ms; 3 was next heard at 220.
  const silent = `select a.triggered_at, a.cause_started_at, d.name from alerts a
    join devices d on d.id = a.device_id where a.reason = 'silent'`
  const [triggered, caused] = [new Date(after(220) + 3), new Date(after(150) + 4)]
  await expect
    .poll(() => query(silent), { timeout: 20_000 })
    .toEqual([{ triggered_at: triggered, cause_started_at: caused, name: 'Door' }])

  const [battery] = await alerts('low_battery')
  const seenAt = new Date(after(100)).toISOString()
  await run.command('alert', 'acknowledge', String(battery!.id), '--at', seenAt, '--by', 'Kim')
  const loggedAt = new Date(after(118)).toISOString()
  await run.command('manual-log', 'add', 'org/site/unit-3', '--at', loggedAt, '--temperature', '5.2')
  await expect
    .poll(() => alerts('low_battery'), { timeout: 20_000 })
    .toMatchObject([{ status: 'acknowledged', escalated_at: levels.slice(0, 1) }])
  // The log came within grace: the alert of 120 never was, and the next would be due at 238.
  await expect.poll(() => alerts('missed_manual_entry'), { timeout: 20_000 }).toEqual([])
}, 90_000)

import { expect, test } from 'vitest'
import { uplinkBody } from '../../bridge/testing/posting.ts'
import { parseThingsStack } from '../../bridge/things-stack.ts'
import type { DeviceAssignment } from '../../schemas/generated/types.ts'
import { checkText, checkUplinks } from './check.ts'

const atMs = Date.UTC(2026, 1, 12, 8)

function uplink(message: Record<string, unknown>, devEui = '0004A30B001C0530') {
  const receivedAt = new Date(atMs).toISOString()
  const body = uplinkBody({ received_at: receivedAt, ...message }, { end_device_ids: { dev_eui: devEui } })
  const parsed = parseThingsStack(body, { connectionId: 'ttn', receivedAtMs: atMs, bodyText: '' })
  if (parsed.kind !== 'uplink') throw new Error(parsed.reason)
  return parsed.uplink
}

const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64')
const lht65 = { version_ids: { brand_id: 'dragino', model_id: 'lht65' }, f_port: 2 }

test('each device is told by what reads it, and what could not be read comes first', () => {
  const check = checkUplinks(atMs - 1)
  check.take(uplink({ ...lht65, frm_payload: base64('cbf60b0d0376010add7fff') }))
  check.take(uplink({ ...lht65, frm_payload: base64('cbf60b0d0376') }, '0004A30B001C0531'))
  check.take(uplink({ ...lht65, frm_payload: base64('cbf60b') }, '0004A30B001C0531'))
  expect(check.devices()).toEqual([
    {
      devEui: '0004A30B001C0531',
      device: 'dragino/lht65',
      decoder: expect.stringMatching(/^dragino-lht65 v\d+$/),
      uplinks: 2,
      read: 0,
      errors: [{ text: expect.stringContaining('6 bytes'), count: 2 }],
      warnings: [],
    },
    expect.objectContaining({ devEui: '0004A30B001C0530', uplinks: 1, read: 1, errors: [] }),
  ])
})

test('what was repaired of the network’s own decoding is a warning, counted once for all its numbers', () => {
  const check = checkUplinks(atMs - 1)
  const versions = { brand_id: 'mclimate', model_id: 'co2-display' }
  for (const humidity of [41.5, 42])
    check.take(
      uplink({
        version_ids: versions,
        decoded_payload: { sensorTemperature: 0, relativeHumidity: humidity },
        normalized_payload: [{ air: { relativeHumidity: humidity } }],
      }),
    )
  expect(checkText(check.devices())).toMatch(
    /mclimate\/co2-display {2}normalized_payload v\d+: 2 uplinks, 2 with a reading\n {2}warning, 2 times: temperature 0 °C/,
  )
})

test('the fleet file’s vendor and model win over the network’s, and older uplinks are left out', () => {
  const check = checkUplinks(atMs)
  const assignment = { validFrom: 0, vendor: 'milesight-iot', model: 'em300-th', probe: null, openIs: null }
  check.assign('0004A30B001C0530', [assignment as unknown as DeviceAssignment])
  check.take(uplink({ ...lht65, f_port: 85, frm_payload: base64('0367000004686d') }))
  check.take(uplink({ ...lht65, received_at: new Date(atMs - 1).toISOString() }))
  expect(check.devices()).toMatchObject([{ device: 'milesight-iot/em300-th', uplinks: 1, read: 1 }])
  expect(checkText([])).toBe('No uplink was logged in that time.')
})

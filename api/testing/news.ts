// What the pipeline would tell: records of the topics that subscribers hear of, for tests and benchmarks.

import type { Alert, Reading, UnitStatusChange } from '../../schemas/generated/types.ts'
import { derivedId } from '../../schemas/identity.ts'
import { idOf } from './rows.ts'

export type Whose = { unit: string; organization?: string }

const owner = ({ unit, organization = 'acme' }: Whose) => ({
  unitId: idOf(unit),
  organizationId: idOf(organization),
})

export const readingNews = (whose: Whose, atMs: number, temperature: number, more: Partial<Reading> = {}) =>
  ({
    ...owner(whose),
    deviceId: idOf(`${whose.unit}-probe`),
    devEui: 'A840410000000000',
    kind: null,
    recordedAt: atMs,
    receivedAt: atMs + 300,
    temperature,
    humidity: 51.5,
    doorOpen: null,
    doorOpenCount: null,
    lastOpenSeconds: null,
    batteryPercent: null,
    batteryVolts: 3.01,
    rssi: -97,
    snr: 7.5,
    gatewayId: 'roof-east',
    fault: false,
    history: false,
    simulated: false,
    decoder: 'test',
    decoderVersion: 1,
    ...more,
  }) as Reading

export const statusNews = (
  whose: Whose,
  atMs: number,
  status: UnitStatusChange['status'],
  more: Partial<UnitStatusChange> = {},
): UnitStatusChange => ({
  ...owner(whose),
  id: derivedId('status', whose.unit, atMs),
  revision: 1,
  retracted: false,
  at: atMs,
  status,
  causeId: null,
  ...more,
})

export const alertNews = (whose: Whose, atMs: number, more: Partial<Alert> = {}): Alert => ({
  ...owner(whose),
  id: derivedId('alert', whose.unit, atMs),
  revision: 1,
  status: 'active',
  alertType: 'alarm_active',
  severity: 'critical',
  causeId: derivedId('excursion', whose.unit, atMs),
  causeStartedAt: atMs,
  deviceId: null,
  reason: null,
  triggeredAt: atMs,
  escalatedAt: [],
  acknowledgedAt: null,
  resolvedAt: null,
  ...more,
})

// The record that takes a fact back. It says only what identifies the fact: the rest never was.
import type { AlertType, Direction } from '../schemas/generated/types.ts'
import { subjectOf } from './alert.ts'
import { deviceOf } from './door.ts'
import { type FactKey, idOf, type Owner, type Sent } from './fold-state.ts'
import type { LocalTime, Span } from './local-time.ts'
import type { Emit } from './processor.ts'
import { rollupRecord } from './rollup.ts'
import { gatewayKeyOf } from './silence.ts'
import { emptySums } from './sums.ts'

type EpisodeOutput =
  | 'excursions'
  | 'door-events'
  | 'door-openings'
  | 'silences'
  | 'budgets'
  | 'unit-status'
  | 'alerts'

export function retract(
  sent: Sent,
  owner: Owner,
  zone: LocalTime,
  emit: Emit<EpisodeOutput | 'gateway-silences' | 'rollups'>,
): void {
  const { unitId } = owner
  const { atMs, revision } = sent
  const base = { id: idOf(unitId, sent), unitId, organizationId: owner.organizationId, revision }
  switch (sent.kind) {
    case 'excursion':
      emit('excursions', unitId, { ...base, ...neverExcursion(sent) })
      return
    case 'door-opening':
      emit('door-openings', unitId, { ...base, ...neverOpened(sent), openedAt: atMs })
      return
    case 'silence':
      emit('silences', unitId, { ...base, ...neverSilent, startedAt: atMs, detectedAt: atMs })
      return
    case 'budget':
      emit('budgets', unitId, { ...base, ...neverUsed(sent) })
      return
    case 'gateway-silence':
      emit('gateway-silences', gatewayKeyOf(owner.organizationId, sent.tag), neverHeard(owner, sent))
      return
    case 'alert':
      emit('alerts', unitId, { ...base, ...neverAlert(unitId, sent) })
      return
    case 'door-event':
      emit('door-events', unitId, { ...base, ...neverDoorEvent(sent) })
      return
    case 'status':
      emit('unit-status', unitId, { ...base, retracted: true, at: atMs, status: 'ok', causeId: null })
      return
    // They have no topic: nothing of theirs has gone out.
    case 'battery':
    case 'sensor-fault':
    case 'calibration':
    case 'device-silence':
    case 'manual-log':
      return
    default: {
      const window = { kind: sent.kind, atMs, endMs: spanOf(zone, sent).endMs }
      const record = rollupRecord(window, emptySums(), owner, revision, atMs, false)
      emit('rollups', unitId, { ...record, retracted: true })
    }
  }
}

const neverExcursion = ({ atMs, tag }: FactKey) => ({
  state: 'retracted' as const,
  direction: (tag.startsWith('high') ? 'high' : 'low') satisfies Direction as Direction,
  startedAt: atMs,
  confirmedAt: null,
  criticalAt: null,
  endedAt: null,
  peak: 0,
  min: 0,
  max: 0,
  count: 0,
  durationSeconds: null,
  knownSeconds: 0,
  hasUnknown: false,
  degreeMinutes: 0,
  asOf: null,
})

const neverOpened = ({ tag }: FactKey) => ({
  state: 'retracted' as const,
  inferred: tag.startsWith('inferred'),
  closedAt: null,
  durationSeconds: null,
  warningAt: null,
  criticalAt: null,
})

const neverSilent = {
  state: 'retracted' as const,
  warningAt: null,
  criticalAt: null,
  endedAt: null,
  durationSeconds: null,
  missedCheckins: null,
}

const neverUsed = ({ atMs, tag }: FactKey) => ({
  state: 'retracted' as const,
  name: tag,
  side: 'above' as const,
  limit: 0,
  over: 'consecutive' as const,
  lot: null,
  budgetSeconds: 0,
  startedAt: atMs,
  exceededAt: atMs,
  endedAt: null,
  usedSeconds: null,
})

const neverHeard = ({ unitId, organizationId }: Owner, { atMs, tag, revision }: Sent) => ({
  gatewayKey: gatewayKeyOf(organizationId, tag),
  gatewayId: tag,
  organizationId,
  unitId,
  silenceId: idOf(unitId, { kind: 'silence', atMs, tag: '' }),
  revision,
  state: 'retracted' as const,
  startedAt: atMs,
  detectedAt: atMs,
  endedAt: null,
})

/** An alert's tag is its type, then the kind and tag of its cause. */
function neverAlert(unitId: string, { atMs, tag }: FactKey) {
  const [alertType, kind, ...rest] = tag.split('|') as [AlertType, FactKey['kind'], ...string[]]
  const cause = { kind, atMs, tag: rest.join('|') }
  return {
    status: 'retracted' as const,
    alertType,
    severity: 'info' as const,
    causeId: idOf(unitId, cause),
    causeStartedAt: atMs,
    ...subjectOf(cause),
    triggeredAt: atMs,
    escalatedAt: [],
    acknowledgedAt: null,
    resolvedAt: atMs,
  }
}

const neverDoorEvent = ({ atMs, tag }: FactKey) => ({
  retracted: true,
  deviceId: deviceOf(tag),
  recordedAt: atMs,
  doorOpen: tag.startsWith('open'),
  durationSeconds: null,
})

function spanOf(zone: LocalTime, { kind, atMs }: FactKey): Span {
  if (kind === 'hour') return zone.hourAt(atMs)
  if (kind === 'day') return zone.dayAt(atMs)
  return kind === 'week' ? zone.weekAt(atMs) : zone.monthAt(atMs)
}

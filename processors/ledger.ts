// What has gone out about a unit, and what therefore has to follow. A fact whose content changed goes out under the same
// id with the next revision; a fact that the repeated fold no longer has is retracted.

import type { TopicName } from '../schemas/topics.ts'
import { alertRecord } from './alert.ts'
import { budgetRecord } from './budget.ts'
import { digestOfRecord, digestOfSums } from './digest.ts'
import { doorEventRecord, openingRecord } from './door.ts'
import { excursionRecord } from './excursion.ts'
import type { FoldContext } from './fold-context.ts'
import type {
  AlertFact,
  BudgetFact,
  DoorEventFact,
  ExcursionFact,
  Fact,
  FactKey,
  OpeningFact,
  Owner,
  Sent,
  SilenceFact,
  StatusFact,
  UnitFold,
  WindowFact,
} from './fold-state.ts'
import type { Emit } from './processor.ts'
import { retract } from './retraction.ts'
import { openSums, rollupRecord } from './rollup.ts'
import { gatewaySilenceKey, gatewaySilenceRecord, silenceRecord } from './silence.ts'
import { isEmpty, type Sums } from './sums.ts'
import { statusRecord } from './unit-status.ts'

export type UnitOutput =
  | 'excursions'
  | 'door-events'
  | 'door-openings'
  | 'silences'
  | 'gateway-silences'
  | 'budgets'
  | 'unit-status'
  | 'alerts'
  | 'rollups'
  | 'late-readings'

/** What has gone out, by the instant that identifies it: few facts have the same. */
export type Ledger = Map<number, Sent[]>

export type Publication = {
  owner: Owner
  ledger: Ledger
  /** Counts the repetitions of the fold. */
  foldNumber: number
  fold: UnitFold
  context: FoldContext
  /** Windows that end at or before this are final. */
  finalToMs: number
  emit: Emit<UnitOutput>
}

/** Causes before what they cause, and the same facts always in the same order. */
const rank: Record<Fact['kind'], number> = {
  ...{ battery: 0, 'sensor-fault': 0, calibration: 0, 'device-silence': 0, 'manual-log': 0 },
  'door-event': 0,
  'door-opening': 1,
  excursion: 2,
  silence: 3,
  'gateway-silence': 3,
  budget: 4,
  status: 5,
  alert: 6,
  hour: 7,
  day: 8,
  week: 9,
  month: 10,
}

const byRank = (a: FactKey, b: FactKey): number =>
  rank[a.kind] - rank[b.kind] || a.atMs - b.atMs || (a.tag < b.tag ? -1 : Number(a.tag > b.tag))

/** Up to so many: V8's sort makes six lists of its own, and most publications are of four windows and a door. */
const FEW = 16

function sortByRank(facts: Fact[]): void {
  if (facts.length > FEW) {
    facts.sort(byRank)
    return
  }
  for (let next = 1; next < facts.length; next++) {
    const fact = facts[next] as Fact
    let place = next
    for (; place > 0 && byRank(facts[place - 1] as Fact, fact) > 0; place--)
      facts[place] = facts[place - 1] as Fact
    facts[place] = fact
  }
}

/** Sends each changed fact once. */
export function publish(to: Publication, touched: Fact[]): void {
  sortByRank(touched)
  const running = openSums(to.fold, to.fold.limits)
  for (const fact of touched) {
    fact.touched = false
    const sent = sentOf(to, fact)
    sent.foldNumber = to.foldNumber
    sendFact(to, fact, sent, running)
  }
}

/** After the fold was repeated: takes back what it no longer has. */
export function retractMissing(to: Publication): void {
  const missing = [...to.ledger.values()].flat().filter(({ foldNumber }) => foldNumber !== to.foldNumber)
  for (const sent of missing.sort(byRank)) takeBack(to, sent)
}

function takeBack(to: Publication, sent: Sent): void {
  if (sent.digest === null) return
  sent.digest = null
  sent.revision++
  retract(sent, to.owner, to.context.zone, to.emit)
}

/** Forgets what can no longer change: whatever ended before the checkpoint. */
export function forgetBefore(ledger: Ledger, ms: number): void {
  for (const facts of ledger.values()) {
    const { atMs } = facts[0] as Sent
    if (atMs >= ms) continue
    // In place: it is asked at each settling, and nearly always all are kept.
    let kept = 0
    for (const fact of facts) if (fact.closedMs >= ms) facts[kept++] = fact
    if (kept === 0) ledger.delete(atMs)
    else facts.length = kept
  }
}

export function enterSent(ledger: Ledger, sent: Sent): void {
  const facts = ledger.get(sent.atMs)
  if (facts === undefined) ledger.set(sent.atMs, [sent])
  else facts.push(sent)
}

function sentOf(to: Publication, fact: Fact): Sent {
  fact.sent ??= sentUnder(to, fact)
  return fact.sent
}

function sentUnder({ ledger, foldNumber }: Publication, fact: FactKey): Sent {
  const { kind, atMs, tag } = fact
  const known = ledger.get(atMs)?.find((sent) => sent.kind === kind && sent.tag === tag)
  if (known !== undefined) return known
  const sent = { kind, atMs, tag, revision: 0, digest: null, closedMs: atMs, foldNumber }
  enterSent(ledger, sent)
  return sent
}

function sendFact(
  to: Publication,
  fact: Fact,
  sent: Sent,
  running: Record<WindowFact['kind'], Sums> | null,
): void {
  switch (fact.kind) {
    case 'excursion': {
      const excursion = fact as ExcursionFact
      const limits = to.fold.limits
      sent.closedMs = excursion.endedMs ?? Number.POSITIVE_INFINITY
      send(to, 'excursions', sent, excursionRecord(excursion, to.owner, sent.revision, to.fold, limits))
      return
    }
    case 'door-opening': {
      const opening = fact as OpeningFact
      sent.closedMs = opening.closedMs ?? Number.POSITIVE_INFINITY
      send(to, 'door-openings', sent, openingRecord(opening, to.owner, sent.revision))
      return
    }
    case 'silence': {
      const silence = fact as SilenceFact
      sent.closedMs = silence.endedMs ?? Number.POSITIVE_INFINITY
      send(to, 'silences', sent, silenceRecord(silence, to.owner, sent.revision))
      tellGateway(to, silence)
      return
    }
    case 'budget': {
      const use = fact as BudgetFact
      sent.closedMs = use.endedMs ?? Number.POSITIVE_INFINITY
      send(to, 'budgets', sent, budgetRecord(use, to.owner, sent.revision))
      return
    }
    case 'alert': {
      const alert = fact as AlertFact
      sent.closedMs = alert.resolvedMs ?? Number.POSITIVE_INFINITY
      send(to, 'alerts', sent, alertRecord(alert, to.owner, sent.revision))
      return
    }
    case 'door-event':
      send(to, 'door-events', sent, doorEventRecord(fact as DoorEventFact, to.owner, sent.revision))
      return
    case 'status':
      send(to, 'unit-status', sent, statusRecord(fact as StatusFact, to.owner, sent.revision))
      return
    default:
      sendWindow(to, fact as WindowFact, sent, running)
  }
}

function tellGateway(to: Publication, silence: SilenceFact): void {
  const { gatewayId } = silence
  if (gatewayId === null) return
  const sent = sentUnder(to, gatewaySilenceKey(silence, gatewayId))
  sent.foldNumber = to.foldNumber
  sent.closedMs = silence.endedMs ?? Number.POSITIVE_INFINITY
  const record = gatewaySilenceRecord(silence, gatewayId, to.owner, sent.revision)
  send(to, 'gateway-silences', sent, record, record.gatewayKey)
}

function send<N extends Exclude<UnitOutput, 'rollups' | 'late-readings'>>(
  to: Publication,
  topic: N,
  sent: Sent,
  record: Parameters<Emit<UnitOutput>>[2] & { revision: number } & Parameters<Emit<N & TopicName>>[2],
  key = to.owner.unitId,
): void {
  const digest = digestOfRecord(record)
  if (digest === sent.digest) return
  sent.digest = digest
  record.revision = ++sent.revision
  to.emit(topic, key, record)
}

function sendWindow(
  to: Publication,
  window: WindowFact,
  sent: Sent,
  running: Record<WindowFact['kind'], Sums> | null,
): void {
  const sums = window.isOpen && running !== null ? running[window.kind] : window.sums
  // Its last instant: an event at its end is the next window's.
  sent.closedMs = window.endMs - 1
  if (isEmpty(sums)) {
    takeBack(to, sent)
    return
  }
  const isFinal = window.endMs <= to.finalToMs
  const asOfMs = isFinal ? window.endMs : (window.isOpen ? to.fold : window).ranToMs
  const digest = digestOfSums(sums, isFinal, asOfMs)
  if (digest === sent.digest) return
  sent.digest = digest
  sent.revision++
  const record = rollupRecord(window, sums, to.owner, sent.revision, asOfMs, isFinal)
  to.emit('rollups', to.owner.unitId, record)
}

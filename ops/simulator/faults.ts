// What can go wrong, as data: each fault has its place and its span, so that the truth can be printed and compared.
import type { Span } from './door-traffic.ts'

/** `expect`: what the pipeline should make of it, for the person who compares. */
export type Fault = Span & { expect: string } & (
    | { kind: 'compressor-failure'; unitId: string }
    | { kind: 'door-left-open'; unitId: string }
    | { kind: 'dead-battery'; devEui: string }
    /** Uplinks that only this gateway heard: some are lost, the others come after its return. */
    | { kind: 'gateway-outage'; gatewayId: string; lostShare: number }
    | { kind: 'duplicates'; share: number }
    /** The webhook failed at first, and was tried again for up to 80 minutes. */
    | { kind: 'late-webhooks'; share: number }
    /** Someone plays with the console: uplinks that are marked as simulated. */
    | { kind: 'simulated-uplinks'; devEui: string }
  )

export type FaultKind = Fault['kind']
export type FaultOf<K extends FaultKind> = Extract<Fault, { kind: K }>

export const isDuring = ({ fromMs, toMs }: Span, atMs: number): boolean => atMs >= fromMs && atMs < toMs

export function faultsOf<K extends FaultKind>(faults: readonly Fault[], kind: K): FaultOf<K>[] {
  return faults.filter((fault): fault is FaultOf<K> => fault.kind === kind)
}

/** Where it is, for a table. */
export function placeOf(fault: Fault): string {
  if ('unitId' in fault) return fault.unitId
  if ('devEui' in fault) return fault.devEui
  return 'gatewayId' in fault ? fault.gatewayId : 'everywhere'
}

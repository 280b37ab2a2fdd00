// A sample that may not become a reading: kept with its reason and what a person can do.
import type { Quarantined, QuarantineReason } from '../schemas/generated/types.ts'
import { derivedId } from '../schemas/identity.ts'

const explanations: Record<QuarantineReason, string> = {
  clock:
    'Recorded later than it was received, or longer ago than readings are kept. Set the clock of the sensor or the ' +
    'network server; a longer retention and a replay take in what is old.',
  conflict:
    'The device gave another value for the same instant before; the first one stands. Look for two senders with one ' +
    'device EUI, or a formatter that was changed between two deliveries.',
  unassigned:
    'No version of the registry assigns the device to a unit at that instant. Assign it, then replay its uplinks.',
  undecodable: 'The payload could not be decoded.',
}

export type Refused = Omit<Quarantined, 'id' | 'explanation'> & { simulated: boolean }

/** Its id is that of the sample and its values: copies give the same. */
export function quarantined({ simulated, ...refused }: Refused, detail?: string): Quarantined {
  const { devEui, sessionKeyId, fCnt, recordedAt, reason, temperature, humidity, doorOpen } = refused
  const values = `${temperature} ${humidity} ${doorOpen} ${simulated}`
  return {
    id: derivedId('quarantine', devEui, sessionKeyId, fCnt, recordedAt, reason, values),
    ...refused,
    explanation: detail === undefined ? explanations[reason] : `${explanations[reason]} ${detail}`,
  }
}

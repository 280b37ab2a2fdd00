// A profile in words, for the command line and for docs/devices.md.
import type { Profile } from '../../processors/profiles/profile.ts'

export function intervalText({ expectedIntervalSeconds }: Profile): string {
  if (expectedIntervalSeconds === null) return 'as installed'
  const minutes = expectedIntervalSeconds / 60
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${minutes} min`
}

export const capabilityText = ({ gives }: Profile): string => gives.join(', ')

export function doorText({ door, gives }: Profile): string {
  if (!gives.includes('door')) return 'none'
  if (door === 'payload') return 'the payload says open or closed'
  if (door === 0 || door === 1) return `contact state ${door} is open, unless \`openIs\` says otherwise`
  return 'needs `openIs` in the fleet file'
}

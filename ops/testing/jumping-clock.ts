// Loaded into a process before anything else (`node --import`): its wall clock can be set, as by a person or by NTP. On
// SIGUSR2 it reads from CLOCK_OFFSET_FILE by how many ms it is wrong. The monotonic clock goes on, as a real one would.
import { readFileSync } from 'node:fs'

const rightMs = Date.now
const path = process.env.CLOCK_OFFSET_FILE ?? ''
let offsetMs = 0

function set(): void {
  offsetMs = Number(readFileSync(path, 'utf8'))
}

Date.now = () => rightMs() + offsetMs
if (path !== '') {
  set()
  process.on('SIGUSR2', set)
}

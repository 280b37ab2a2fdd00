// What happens, as it happens: readings, statuses and alerts of a unit, a site, or of all that this reader may see.
// Where the server has no news to give, the pages ask every few seconds instead.
import { ALERT_NEWS, READING_NEWS, STATUS_NEWS } from './live-query.js'
import { liveSocket } from './live-socket.js'

/**
 * @typedef {{ unitId?: string, siteId?: string, unit: 'C' | 'F' }} LiveScope neither id: everything
 * @typedef {{ status: string, since: string }} LiveStatus
 * @typedef {{ deviceId: string, recordedAt: string, temperature: number | null, humidity: number | null,
 *   doorOpen: boolean | null, fault: boolean }} LiveReading
 * @typedef {{ unitId: string, status?: LiveStatus, reading?: LiveReading, alert?: { id: string },
 *   isCorrection?: boolean }} LiveEvent
 */

let connected = false
/** @type {Set<() => void>} */
const listeners = new Set()

export const isLive = () => connected

/** @param {() => void} listener */
export const onLiveChange = (listener) => void listeners.add(listener)

/** @param {boolean} isConnected */
function become(isConnected) {
  if (connected === isConnected) return
  connected = isConnected
  for (const listener of listeners) listener()
}

/**
 * @param {() => LiveScope} scope asked at each connection
 * @param {{ onEvent: (event: LiveEvent) => void, onConnected: () => void }} listener
 */
export function watch(scope, { onEvent, onConnected }) {
  const socket = liveSocket(
    () => subscriptions(scope(), onEvent),
    (isConnected) => {
      become(isConnected)
      if (isConnected) onConnected()
    },
  )
  return () => {
    socket.stop()
    become(false)
  }
}

/** @param {LiveScope} scope @param {(event: LiveEvent) => void} onEvent */
function subscriptions({ unitId, siteId, unit }, onEvent) {
  const variables = { unit: unitId ?? null, site: siteId ?? null }
  return [
    {
      query: STATUS_NEWS,
      variables,
      onData: (/** @type {any} */ { event }) =>
        onEvent(
          event.retracted || event.revision > 1
            ? { unitId: event.unitId, isCorrection: true }
            : { unitId: event.unitId, status: event },
        ),
    },
    {
      query: READING_NEWS,
      variables: { ...variables, letter: unit },
      // What a sensor replays from its memory changes the past, not what is shown as now.
      onData: (/** @type {any} */ { event }) =>
        onEvent(
          event.history
            ? { unitId: event.unitId, isCorrection: true }
            : { unitId: event.unitId, reading: event },
        ),
    },
    {
      query: ALERT_NEWS,
      variables,
      onData: (/** @type {any} */ { event }) => onEvent({ unitId: event.unitId, alert: { id: event.id } }),
    },
  ]
}

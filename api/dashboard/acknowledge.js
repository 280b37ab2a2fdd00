// "I have seen it": an entry that the pipeline judges by within seconds. Until it has, the list shows what was sent.
import { ACKNOWLEDGE } from './alerts-query.js'
import { ask } from './server.js'

/**
 * @typedef {import('./alerts-query.js').PlacedAlert} PlacedAlert
 * @typedef {{ phase: 'sending' } | { phase: 'sent', at: string } | { phase: 'refused', why: string }} Sending
 */

/** @param {() => void} onChange */
export function acknowledging(onChange) {
  /** @type {Map<string, Sending>} */
  const sendings = new Map()
  const leaving = new AbortController()

  /** @param {string} id @param {Sending} sending */
  function become(id, sending) {
    sendings.set(id, sending)
    onChange()
  }
  return {
    /** @param {PlacedAlert} alert */
    sendingOf: ({ id }) => sendings.get(id),
    /** As it will be, once the pipeline has taken it. @param {PlacedAlert} alert @returns {PlacedAlert} */
    applied(alert) {
      const sending = sendings.get(alert.id)
      if (sending?.phase !== 'sent' || alert.acknowledgedAt !== null || alert.resolvedAt !== null)
        return alert
      return { ...alert, status: 'ACKNOWLEDGED', acknowledgedAt: sending.at }
    },
    /** @param {PlacedAlert} alert */
    async send({ id }) {
      become(id, { phase: 'sending' })
      try {
        const { acknowledgeAlert } = await ask(ACKNOWLEDGE, { id }, leaving.signal)
        become(id, { phase: 'sent', at: acknowledgeAlert.at })
      } catch (error) {
        if (!leaving.signal.aborted)
          become(id, { phase: 'refused', why: /** @type {Error} */ (error).message })
      }
    },
    stop: () => leaving.abort(),
  }
}

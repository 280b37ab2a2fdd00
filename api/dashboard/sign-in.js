// Asks for a key where the API answers only those whom it knows.
import { h } from './element.js'
import { hasSignedIn, signIn } from './server.js'

/** @param {HTMLElement} main @param {() => void} onSignedIn */
export function showSignInForm(main, onSignedIn) {
  const field = /** @type {HTMLInputElement} */ (
    h('input', { id: 'key', type: 'password', autocomplete: 'current-password', required: true })
  )
  const onsubmit = (/** @type {SubmitEvent} */ event) => {
    event.preventDefault()
    signIn(field.value.trim())
    onSignedIn()
  }
  const form = h(
    'form',
    { class: 'sign-in', onsubmit },
    h('h1', {}, 'Sign in'),
    h('label', { for: 'key' }, 'API key or access token'),
    field,
    hasSignedIn() && h('p', { role: 'alert' }, 'This key is not valid, or not any more.'),
    h('button', {}, 'Sign in'),
    h(
      'p',
      {},
      'It is kept until this tab is closed. Who runs coldstream makes keys: ',
      h('code', {}, 'coldstream api-keys create'),
    ),
  )
  main.replaceChildren(h('div', { class: 'empty' }, form))
  field.focus()
}

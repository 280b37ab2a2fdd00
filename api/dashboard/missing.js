// What is not there, or not for this reader: the page does not tell which.
import { h } from './element.js'

/** @param {HTMLElement} main @param {string} kind */
export function showMissing(main, kind) {
  document.title = 'Not found · Coldstream'
  main.replaceChildren(
    h(
      'div',
      { class: 'empty' },
      h('h1', {}, 'Not found'),
      h('p', {}, `There is no such ${kind}, or you may not see it.`),
      h('p', {}, h('a', { href: '/' }, 'Back to the fleet')),
    ),
  )
}

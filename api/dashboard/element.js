// Makes elements. Text is always text: what a person named a fridge can never become markup.

/** @typedef {Node | string | number | null | undefined | false | Child[]} Child */

const SVG = 'http://www.w3.org/2000/svg'

/** @param {Element} element @param {Record<string, unknown>} attributes @param {Child[]} children */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), /** @type {EventListener} */ (value))
    else element.setAttribute(name, value === true ? '' : String(value))
  }
  append(element, children)
  return element
}

/** @param {Element} element @param {Child[]} children */
function append(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(element, child)
    else if (child !== null && child !== undefined && child !== false)
      element.append(child instanceof Node ? child : String(child))
  }
}

/** @param {string} name @param {Record<string, unknown>} [attributes] @param {Child[]} children */
export const h = (name, attributes = {}, ...children) =>
  /** @type {HTMLElement} */ (filled(document.createElement(name), attributes, children))

/** @param {string} name @param {Record<string, unknown>} [attributes] @param {Child[]} children */
export const svg = (name, attributes = {}, ...children) =>
  filled(document.createElementNS(SVG, name), attributes, children)

/**
 * Puts `children` in, unless the same is there. Whoever had the keyboard's focus, by id, has it again,
 *   and a table that
 * was scrolled aside stays so.
 * @param {Element} parent @param {Element[]} children
 */
export function show(parent, ...children) {
  if (children.map(({ outerHTML }) => outerHTML).join('') === parent.innerHTML) return
  const focused = document.activeElement?.id
  const scrolled = new Map(
    [...parent.querySelectorAll('.scroll')].map(({ id, scrollLeft }) => [id, scrollLeft]),
  )
  parent.replaceChildren(...children)
  for (const [id, left] of scrolled) document.getElementById(id)?.scrollTo({ left, behavior: 'instant' })
  if (focused && document.activeElement?.id !== focused)
    document.getElementById(focused)?.focus({ preventScroll: true })
}

/**
 * Puts a list in place by key: an element whose version has not changed stays as it is, wherever it moves. So a
 * wall of a thousand is told anew every few seconds, and almost nothing is made anew.
 * @template T
 * @param {Element} parent @param {readonly T[]} items
 * @param {{ keyOf: (item: T) => string, versionOf: (item: T) => string, make: (item: T) => HTMLElement }} how
 */
export function showList(parent, items, { keyOf, versionOf, make }) {
  const focused = document.activeElement?.id
  const present = new Map(
    /** @type {HTMLElement[]} */ ([...parent.children]).map((element) => [element.dataset.key, element]),
  )
  let place = parent.firstElementChild
  for (const item of items) {
    const [key, version] = [keyOf(item), versionOf(item)]
    const before = present.get(key)
    present.delete(key)
    const element = before?.dataset.version === version ? before : make(item)
    element.dataset.key = key
    element.dataset.version = version
    if (before && before !== element) {
      if (place === before) place = element
      before.replaceWith(element)
    }
    if (place === element) place = element.nextElementSibling
    else parent.insertBefore(element, place)
  }
  for (const left of present.values()) left.remove()
  if (focused && document.activeElement?.id !== focused)
    document.getElementById(focused)?.focus({ preventScroll: true })
}

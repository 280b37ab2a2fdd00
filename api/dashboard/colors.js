// The palette for what is drawn on a canvas: a colour of tokens.css as the browser resolves it now, light or dark.

/** @param {HTMLElement} place lends its computed style */
export function colors(place) {
  const probe = document.createElement('i')
  probe.hidden = true
  place.append(probe)
  /** @type {Map<string, string>} */
  let known = new Map()
  const scheme = matchMedia('(prefers-color-scheme: dark)')
  return {
    /** @param {string} name */
    color(name) {
      const before = known.get(name)
      if (before !== undefined) return before
      probe.style.color = `var(${name})`
      const found = getComputedStyle(probe).color
      known.set(name, found)
      return found
    },
    /** @param {() => void} listener */
    onChange(listener) {
      const changed = () => {
        known = new Map()
        listener()
      }
      scheme.addEventListener('change', changed)
      document.documentElement.addEventListener('themechange', changed)
      return () => {
        scheme.removeEventListener('change', changed)
        document.documentElement.removeEventListener('themechange', changed)
      }
    },
  }
}

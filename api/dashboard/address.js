// What a page remembers in its address: a link or a reload shows the same. The first value of each is what an
// address without it means.

/** @param {Record<string, string>} defaults @param {() => void} onChange */
export function addressState(defaults, onChange) {
  const asked = new URLSearchParams(location.search)
  const values = { ...defaults }
  for (const name of Object.keys(defaults)) values[name] = asked.get(name) ?? defaults[name] ?? ''

  function changed() {
    const address = new URL(location.href)
    for (const [name, value] of Object.entries(values))
      if (value === defaults[name]) address.searchParams.delete(name)
      else address.searchParams.set(name, value)
    history.replaceState(history.state, '', address)
    onChange()
  }
  return {
    get: (/** @type {string} */ name) => values[name] ?? '',
    /** @param {string} name @param {string} value */
    set(name, value) {
      values[name] = value
      changed()
    },
    clear() {
      Object.assign(values, defaults)
      const find = document.getElementById('find')
      if (find instanceof HTMLInputElement) find.value = ''
      changed()
    },
  }
}

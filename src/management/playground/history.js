/** @typedef {{ getItem(key: string): string | null, setItem(key: string, value: string): void }} KeyValues */

const key = 'postern.playground.history'
const maxEntries = 50
/** Characters of the longest message that is kept: localStorage holds some 5 MB for the whole origin. */
const maxLength = 20_000

/**
 * The texts that were sent, newest last, kept in this browser.
 * @param {KeyValues} storage
 */
export function createHistory(storage) {
  const entries = read(storage)
  let place = entries.length
  let draft = ''
  return {
    /** @param {string} text */
    add(text) {
      if (text !== '' && text.length <= maxLength) {
        const earlier = entries.indexOf(text)
        if (earlier >= 0) entries.splice(earlier, 1)
        entries.push(text)
        if (entries.length > maxEntries) entries.shift()
        write(storage, entries)
      }
      place = entries.length
      draft = ''
    },
    /** The entry before the one shown, null at the oldest; `current` comes back at the other end. @param {string} current */
    older(current) {
      if (place === 0) return null
      if (place === entries.length) draft = current
      place--
      return entries[place] ?? null
    },
    newer() {
      if (place >= entries.length) return null
      place++
      return place === entries.length ? draft : (entries[place] ?? null)
    },
  }
}

/** @param {KeyValues} storage @returns {string[]} */
function read(storage) {
  try {
    const stored = JSON.parse(storage.getItem(key) ?? '[]')
    return Array.isArray(stored) ? stored.filter((entry) => typeof entry === 'string').slice(-maxEntries) : []
  } catch {
    return []
  }
}

/** @param {KeyValues} storage @param {string[]} entries */
function write(storage, entries) {
  try {
    storage.setItem(key, JSON.stringify(entries))
  } catch {
    // Full or forbidden: then the history lasts as long as the page.
  }
}

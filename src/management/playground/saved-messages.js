/** @typedef {import('./history.js').KeyValues} KeyValues */

const key = 'postern.playground.saved'
/** Messages that are kept, and characters of the longest: with the history they leave room in the 5 MB of an origin. */
const maxMessages = 50
const maxLength = 20_000

/**
 * The messages that somebody wants to keep, newest first, in this browser.
 * @param {KeyValues} storage
 */
export function createSavedMessages(storage) {
  let texts = read(storage)

  /** @param {string[]} wanted */
  function keep(wanted) {
    try {
      storage.setItem(key, JSON.stringify(wanted))
    } catch {
      return 'This browser has no room for it.'
    }
    texts = wanted
    return null
  }

  return {
    all: () => texts,
    /** Saves a text; says why not, null when it is saved. @param {string} text @returns {string | null} */
    save(text) {
      if (text.trim() === '') return 'There is no message to save.'
      if (text.length > maxLength)
        return `A message of more than ${maxLength.toLocaleString('en')} characters is not saved.`
      const others = texts.filter((each) => each !== text)
      if (others.length >= maxMessages) return `${maxMessages} messages are saved: delete one first.`
      return keep([text, ...others])
    },
    /** @param {string} text */
    remove(text) {
      keep(texts.filter((each) => each !== text))
    },
  }
}

/** @param {KeyValues} storage @returns {string[]} */
function read(storage) {
  try {
    const stored = JSON.parse(storage.getItem(key) ?? '[]')
    return Array.isArray(stored) ? stored.filter((entry) => typeof entry === 'string').slice(0, maxMessages) : []
  } catch {
    return []
  }
}

/**
 * The list of saved messages: each is a button that brings it back, beside one that deletes it.
 * @param {{ saved: ReturnType<typeof createSavedMessages>, list: HTMLElement, count: HTMLElement,
 *   use: (text: string) => void }} parts
 */
export function createSavedList({ saved, list, count, use }) {
  /** @param {string} text */
  function item(text) {
    const name = text.trim().replace(/\s+/g, ' ').slice(0, 80)
    const element = document.createElement('li')
    element.append(
      button(name, 'chip', () => use(text)),
      button('Delete', 'quiet small', () => {
        saved.remove(text)
        show()
        count.focus()
      }),
    )
    element.lastElementChild?.setAttribute('aria-label', `Delete ${name}`)
    return element
  }

  function show() {
    list.replaceChildren(...saved.all().map(item))
    count.textContent = `Saved messages (${saved.all().length})`
  }

  show()
  return { show }
}

/** @param {string} text @param {string} className @param {() => void} run */
function button(text, className, run) {
  const element = document.createElement('button')
  element.type = 'button'
  element.className = className
  element.textContent = text
  element.addEventListener('click', run)
  return element
}

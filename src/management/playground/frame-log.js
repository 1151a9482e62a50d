import { byteLength, prettyJson, sizeText, timeText } from './text.js'

/** Entries that stay on the page; older ones leave it, or a busy connection would fill the tab's memory. */
const maxEntries = 1000
/** Characters of one message that are shown before a button asks for the rest. */
const maxShown = 20_000

/** @typedef {'in' | 'out' | 'push' | 'event' | 'error'} Kind */
/** @typedef {{ kind: Kind, text: string, notes: string[], time: Date, size: number | null, element: HTMLLIElement }} Entry */

/** @type {Record<Kind, { sign: string, name: string }>} */
const kinds = {
  in: { sign: '↓', name: 'Received' },
  out: { sign: '↑', name: 'Sent' },
  push: { sign: '⇢', name: 'Pushed' },
  event: { sign: '●', name: 'Event' },
  error: { sign: '!', name: 'Fault' },
}

/**
 * The list of frames and events. Whatever is shown is set as text, never as markup.
 * @param {{ list: HTMLElement, empty: HTMLElement, count: HTMLElement, toNewest: HTMLElement,
 *   copy: (text: string, button: HTMLElement) => void }} parts
 */
export function createFrameLog({ list, empty, count, toNewest, copy }) {
  /** @type {Entry[]} */
  let entries = []
  /** Entries that are not shown yet: a burst of frames is laid out once, with the next picture. @type {Entry[]} */
  let arrived = []
  let dropped = 0
  let filter = ''
  let pretty = false

  function isAtEnd() {
    return list.scrollHeight - list.scrollTop - list.clientHeight < 40
  }

  function scrollToEnd() {
    list.scrollTop = list.scrollHeight
    toNewest.hidden = true
  }

  /** @param {Entry} entry */
  function matches(entry) {
    return (
      filter === '' || `${kinds[entry.kind].name} ${entry.text} ${entry.notes.join(' ')}`.toLowerCase().includes(filter)
    )
  }

  function showCount() {
    const shown = entries.filter((entry) => !entry.element.hidden).length
    empty.hidden = entries.length > 0
    const parts = [shown === entries.length ? `${shown} shown` : `${shown} of ${entries.length} shown`]
    if (dropped > 0) parts.push(`${dropped} older ones dropped`)
    count.textContent = entries.length === 0 ? '' : parts.join(', ')
  }

  function show() {
    if (arrived.length === 0) return
    const follow = isAtEnd()
    for (const entry of arrived) {
      fill(entry, false)
      entry.element.hidden = !matches(entry)
    }
    list.append(...arrived.map((entry) => entry.element))
    if (arrived.some((entry) => !entry.element.hidden)) toNewest.hidden = follow
    entries.push(...arrived)
    arrived = []
    const leaving = entries.splice(0, Math.max(0, entries.length - maxEntries))
    for (const entry of leaving) entry.element.remove()
    dropped += leaving.length
    showCount()
    if (follow) scrollToEnd()
  }

  /** @param {Entry} entry @param {boolean} whole */
  function fill(entry, whole) {
    const { kind, notes, time, size, element } = entry
    const head = part('div', 'entry-head')
    const sign = part('span', 'sign', kinds[kind].sign)
    sign.setAttribute('aria-hidden', 'true')
    const stamp = /** @type {HTMLTimeElement} */ (part('time', '', timeText(time)))
    stamp.dateTime = time.toISOString()
    head.append(sign, part('span', 'kind', kinds[kind].name), stamp)
    if (size !== null) head.append(part('span', 'size', sizeText(size)))
    if (size !== null) head.append(copyButton(entry.text))
    const text = (pretty && size !== null ? prettyJson(entry.text) : null) ?? entry.text
    const body = part('pre', 'entry-text', whole ? text : text.slice(0, maxShown))
    if (size === 0) body.append(part('span', 'hint', '(empty message)'))
    element.replaceChildren(head, body)
    if (!whole && text.length > maxShown) {
      const rest = /** @type {HTMLButtonElement} */ (part('button', 'quiet small', `Show all ${sizeText(size ?? 0)}`))
      rest.type = 'button'
      rest.addEventListener('click', () => fill(entry, true))
      element.append(rest)
    }
    for (const note of notes) element.append(part('p', 'note', note))
  }

  /** @param {string} text */
  function copyButton(text) {
    const button = /** @type {HTMLButtonElement} */ (part('button', 'quiet small copy', 'Copy'))
    button.type = 'button'
    button.addEventListener('click', () => copy(text, button))
    return button
  }

  list.addEventListener('scroll', () => {
    if (isAtEnd()) toNewest.hidden = true
  })
  toNewest.addEventListener('click', scrollToEnd)

  return {
    /**
     * A frame with its size, or an event.
     * @param {Kind} kind @param {string} text @param {string[]} [notes]
     */
    add(kind, text, notes = []) {
      const isFrame = kind === 'in' || kind === 'out' || kind === 'push'
      const element = /** @type {HTMLLIElement} */ (part('li', `entry ${kind}`))
      if (arrived.length === 0) requestAnimationFrame(show)
      arrived.push({ kind, text, notes, time: new Date(), size: isFrame ? byteLength(text) : null, element })
      // No picture is drawn for a tab in the background: the limit must hold there too.
      if (arrived.length <= maxEntries) return
      arrived.shift()
      dropped++
    },
    /** @param {string} text */
    filter(text) {
      filter = text.trim().toLowerCase()
      for (const entry of entries) entry.element.hidden = !matches(entry)
      showCount()
      scrollToEnd()
    },
    /** @param {boolean} on */
    pretty(on) {
      pretty = on
      for (const entry of entries) fill(entry, false)
      scrollToEnd()
    },
    clear() {
      entries = []
      arrived = []
      dropped = 0
      list.replaceChildren()
      toNewest.hidden = true
      showCount()
    },
    /** The text of the entries that are shown, a line or more each. */
    text() {
      show()
      return entries
        .filter((entry) => !entry.element.hidden)
        .map(({ time, kind, text, notes }) =>
          [`${time.toISOString()} ${kinds[kind].sign} ${text}`, ...notes].join('\n  '),
        )
        .join('\n')
    },
  }
}

/** @param {string} tag @param {string} className @param {string} [text] */
function part(tag, className, text = '') {
  const element = document.createElement(tag)
  if (className !== '') element.className = className
  element.textContent = text
  return element
}

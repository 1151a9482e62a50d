import { createHistory } from './history.js'
import { byteLength, prettyJson, sizeText } from './text.js'

/**
 * The field in which a message is written: its size, the texts that were sent before, and JSON over several lines.
 * @param {{ field: HTMLTextAreaElement, size: HTMLElement, tidy: HTMLElement, storage: Storage, send: () => void }} parts
 */
export function createMessageEditor({ field, size, tidy, storage, send }) {
  const history = createHistory(storage)

  /** @param {string} text */
  function show(text) {
    field.value = text
    showSize()
  }

  function showSize() {
    const bytes = byteLength(field.value)
    size.textContent = bytes === 0 ? '' : sizeText(bytes)
  }

  /** @param {KeyboardEvent} event */
  function onKey(event) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      return send()
    }
    if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey || event.isComposing) return
    const { value, selectionStart, selectionEnd } = field
    if (selectionStart !== selectionEnd) return
    if (event.key === 'ArrowUp' && !value.slice(0, selectionStart).includes('\n')) recall(event, history.older(value))
    if (event.key === 'ArrowDown' && !value.slice(selectionEnd).includes('\n')) recall(event, history.newer())
  }

  /** @param {KeyboardEvent} event @param {string | null} text */
  function recall(event, text) {
    if (text === null) return
    event.preventDefault()
    show(text)
    // Where the same key goes on through the history.
    const caret = event.key === 'ArrowUp' ? 0 : text.length
    field.setSelectionRange(caret, caret)
  }

  field.addEventListener('keydown', onKey)
  field.addEventListener('input', showSize)
  tidy.addEventListener('click', () => show(prettyJson(field.value) ?? field.value))

  return {
    text: () => field.value,
    focus: () => field.focus(),
    /** Puts a text into the field, and the caret with it. @param {string} text */
    begin(text) {
      show(text)
      field.focus()
    },
    /** The text has been sent: it is remembered, and the field is empty. */
    sent() {
      history.add(field.value)
      show('')
    },
  }
}

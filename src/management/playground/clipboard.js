/**
 * Puts text on the clipboard; false when the browser forbids it.
 * @param {string} text
 */
export async function copyText(text) {
  // Browsers have the clipboard on https and localhost only.
  if (navigator.clipboard === undefined) return copySelection(text)
  return navigator.clipboard.writeText(text).then(
    () => true,
    () => false,
  )
}

/** @param {string} text */
function copySelection(text) {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement)
  const helper = document.createElement('textarea')
  helper.value = text
  document.body.append(helper)
  helper.select()
  const done = document.execCommand('copy')
  helper.remove()
  focused?.focus()
  return done
}

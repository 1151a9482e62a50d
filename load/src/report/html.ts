/** A piece of HTML in which every text has been escaped. Made by `html`; by hand only of text that is our own. */
export class Markup {
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  toString(): string {
    return this.#text
  }
}

/** A value that may stand in a template: text and numbers are escaped, markup is taken as it is, null is nothing. */
export type Part = string | number | Markup | null | readonly Part[]

/** HTML from a template: `${…}` may stand in text and in attributes with double quotes, never in a tag's or attribute's name. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = strings[0] as string
  for (const [index, part] of parts.entries()) text += render(part) + (strings[index + 1] as string)
  return new Markup(text)
}

function render(part: Part): string {
  if (part === null) return ''
  if (part instanceof Markup) return part.toString()
  if (typeof part === 'number') return String(part)
  return typeof part === 'string' ? escaped(part) : part.map(render).join('')
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** Control characters have no place in HTML, and those that turn the direction of text would let a name pose as another. */
function escaped(text: string): string {
  return text
    .replaceAll(/[&<>"']/g, (character) => entities[character] as string)
    .replaceAll(/[^\P{Cc}\n\t]|\p{Cf}|\p{Cs}|[\u2028\u2029]/gu, '\ufffd')
}

/** The width of a help that is not read at a terminal. */
const defaultColumns = 80

/**
 * A help text whose prose keeps to a width: paragraphs that are too wide are filled anew, and the right one of two columns
 * goes on below itself. Indented lines without columns stay whole, since they are commands to be copied.
 */
export function fittedText(text: string, columns = defaultColumns): string {
  const fitted: string[] = []
  let paragraph: string[] = []
  const endParagraph = () => {
    const isTooWide = paragraph.some((line) => line.length > columns)
    fitted.push(...(isTooWide ? filled(paragraph.join(' '), columns) : paragraph))
    paragraph = []
  }
  for (const line of text.split('\n')) {
    if (/^\S/.test(line)) {
      paragraph.push(line)
      continue
    }
    endParagraph()
    fitted.push(...(line.length > columns ? secondColumnFilled(line, columns) : [line]))
  }
  endParagraph()
  return fitted.join('\n')
}

/** Narrower than this a column is a staircase of words, and its text goes below instead. */
const leastColumn = 20
const belowColumns = '      '

function secondColumnFilled(line: string, columns: number): string[] {
  const [, left = '', right = ''] = /^(\s+\S.*?\s{2,}|\s{9,})(\S.*)$/.exec(line) ?? []
  if (right === '') return [line]
  const width = columns - left.length
  if (width >= leastColumn) {
    return filled(right, width).map((part, index) => (index === 0 ? left : ' '.repeat(left.length)) + part)
  }
  const below = filled(right, columns - belowColumns.length).map((part) => belowColumns + part)
  return left.trim() === '' ? below : [left.trimEnd(), ...below]
}

function filled(text: string, columns: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > columns) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}

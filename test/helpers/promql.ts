/** A series that an expression of PromQL asks for, with what stands right around it. */
export interface Selector {
  readonly metric: string
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[]
  /** Whether it is a range, such as `[5m]`. */
  readonly isRange: boolean
  /** The functions and aggregations around it, the innermost first. */
  readonly within: readonly string[]
  /** Labels by which the aggregations around it keep series apart. */
  readonly by: readonly string[]
}

const functions = new Set(
  'rate increase histogram_quantile sum max min count avg absent min_over_time max_over_time deriv'.split(' '),
)
const operators = new Set(['and', 'or', 'unless', 'on', 'ignoring', 'group_left', 'group_right', 'bool'])

const token =
  /\s+|"(?:[^"\\]|\\.)*"|\[[^\]]+\]|[a-zA-Z_:][\w:]*|\d+(?:\.\d+)?[smhd]?|=~|!~|!=|==|>=|<=|[-+*/%^<>=(){},]/gy

/** The selectors of an expression. Throws on what is none, or is not known here. */
export function selectorsOf(expression: string): Selector[] {
  const tokens = tokensOf(expression)
  const found: Selector[] = []
  /** Calls that are open: their names, and the labels of `by`. */
  const open: { name: string; by: readonly string[] }[] = []
  let at = 0

  const list = (): string[] => {
    const items: string[] = []
    if (tokens[at++] !== '(') throw new Error(`a list of labels is missing in ${expression}`)
    while (tokens[at] !== ')') {
      if (tokens[at] !== ',') items.push(tokens[at] as string)
      if (++at >= tokens.length) throw new Error(`a bracket stays open in ${expression}`)
    }
    at++
    return items
  }
  const matchers = (): Selector['matchers'] => {
    const items: { label: string; operator: string; value: string }[] = []
    if (tokens[at] !== '{') return items
    at++
    while (tokens[at] !== '}') {
      if (tokens[at] === ',') at++
      const [label = '', operator = '', value = ''] = tokens.slice(at, at + 3)
      if (!/^(=|!=|=~|!~)$/.test(operator) || !value.startsWith('"')) throw new Error(`no matcher: ${label}${operator}`)
      items.push({ label, operator, value: JSON.parse(value) as string })
      at += 3
    }
    at++
    return items
  }

  while (at < tokens.length) {
    const word = tokens[at++] as string
    if (word === '(') open.push({ name: '', by: [] })
    else if (word === ')') {
      if (open.pop() === undefined) throw new Error(`a bracket is closed that was not open in ${expression}`)
    } else if (functions.has(word)) {
      let by: string[] = []
      if (tokens[at] === 'by') {
        at++
        by = list()
      }
      if (tokens[at++] !== '(') throw new Error(`${word} is not called in ${expression}`)
      open.push({ name: word, by })
    } else if (/^[a-zA-Z_:]/.test(word) && !operators.has(word)) {
      const asked = matchers()
      const isRange = tokens[at]?.startsWith('[') === true
      if (isRange) at++
      const around = open.toReversed()
      found.push({
        metric: word,
        matchers: asked,
        isRange,
        within: around.flatMap(({ name }) => (name === '' ? [] : [name])),
        by: around.flatMap(({ by }) => by),
      })
    }
  }
  if (open.length > 0) throw new Error(`a bracket stays open in ${expression}`)
  return found
}

function tokensOf(expression: string): string[] {
  const tokens: string[] = []
  token.lastIndex = 0
  while (token.lastIndex < expression.length) {
    const from = token.lastIndex
    const [text] = token.exec(expression) ?? []
    if (text === undefined) throw new Error(`not known here: ${expression.slice(from)}`)
    if (text.trim() !== '') tokens.push(text)
  }
  return tokens
}

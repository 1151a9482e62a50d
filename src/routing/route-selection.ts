import { exactJson, parseJson } from '../vocabulary/json-text.ts'
import { javaText } from './java-text.ts'
import { compileSelectionExpression, type SelectionExpression } from './selection-expression.ts'

const reserved = ['$connect', '$disconnect']

/** Compiles a `routeSelectionExpression`. Throws a `SelectionExpressionError` when it is wrong. */
export function compileRouteSelection(source: string): SelectionExpression {
  return compileSelectionExpression(source, ['request.body'])
}

/**
 * Picks the route of a message ("Route selection expressions"): exact match with a route key, else `$default`, else
 * null. A value that spells `$connect` or `$disconnect` never reaches them, and text that is not JSON always goes to
 * `$default`. The expression is one of `compileRouteSelection`.
 *
 * What was parsed here is found by `rememberedJson` until the next message.
 */
export function createRouteSelector<Route>(
  expression: SelectionExpression,
  routes: ReadonlyMap<string, Route>,
): (text: string) => Route | null {
  const fallback = routes.get('$default') ?? null
  const selectable = new Map([...routes].filter(([routeKey]) => !reserved.includes(routeKey)))
  const routeOf = (routeKey: string): Route | null => selectable.get(routeKey) ?? fallback

  if (expression.constant !== null) {
    const route = routeOf(expression.constant)
    // Both outcomes are the same then, and nothing has to be parsed.
    if (route === fallback) return () => fallback
    return (text) => (parseJson(text) === undefined ? fallback : route)
  }

  const { bodyPath } = expression
  if (bodyPath === null) {
    return (text) => {
      const body = parseJson(text)
      return body === undefined ? fallback : routeOf(expression.evaluate({ body, exactBody: () => exactJson(text) }))
    }
  }
  // Without a property to read in them, lists, scalars and text that is not JSON all lead to one place.
  const onlyObjects = plainNames.test(bodyPath.source) && !selectable.has('')
  return (text) => {
    if (onlyObjects && !startsObject(text)) return fallback
    const body = parseJson(text)
    if (body === undefined) return fallback
    const value = bodyPath.read(body)
    if (typeof value === 'string') return routeOf(value)
    const losesDigits = typeof value === 'number' || (typeof value === 'object' && value !== null)
    return routeOf(javaText(losesDigits ? bodyPath.read(exactJson(text)) : value))
  }
}

const plainNames = /^\$(?:\.[A-Za-z0-9_-]+)+$/

/** Whether a JSON text can only be an object, by its first character that is not white space (RFC 8259 §2). */
function startsObject(text: string): boolean {
  let at = 0
  let code = text.charCodeAt(0)
  while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(++at)
  return code === 0x7b
}

import type { Block, DirectiveArgument, ParsedTemplate, Statement, TemplateReference } from './velocity/ast.ts'

/** Whether a template may look at the body: uses `$input` for anything but its parameters, or runs text as a template. */
export function readsBody({ body, macros }: ParsedTemplate): boolean {
  return inBlock(body) || macros.some((macro) => inBlock(macro.body))
}

function inBlock(block: Block): boolean {
  return block.some(inStatement)
}

function inStatement(statement: Statement): boolean {
  switch (statement.kind) {
    case 'text':
    case 'stop':
      return false
    case 'print':
      return inReference(statement.reference)
    case 'set':
      return inReference(statement.target) || inExpression(statement.value)
    case 'if': {
      const { branches, otherwise } = statement
      return branches.some(({ test, body }) => inExpression(test) || inBlock(body)) || inBlock(otherwise ?? [])
    }
    case 'foreach':
      return inExpression(statement.over) || inBlock(statement.body)
    case 'break':
      return statement.scope !== null && inExpression(statement.scope)
    case 'define':
      return inBlock(statement.body)
    case 'evaluate':
      return true
    case 'call':
      return statement.args.some(inExpression) || inBlock(statement.body ?? [])
  }
}

function inReference({ name, links }: TemplateReference): boolean {
  const [first] = links
  if (name === 'input' && !(first?.kind === 'method' && first.name === 'params')) return true
  return links.some((link) => {
    if (link.kind === 'method') return link.args.some(inExpression)
    return link.kind === 'index' && inExpression(link.index)
  })
}

function inExpression(expression: DirectiveArgument): boolean {
  switch (expression.kind) {
    case 'reference':
      return inReference(expression.reference)
    case 'interpolated':
      return inBlock(expression.body)
    case 'list':
      return expression.items.some(inExpression)
    case 'map':
      return expression.entries.some((entry) => entry.some(inExpression))
    case 'range':
      return inExpression(expression.from) || inExpression(expression.to)
    case 'not':
      return inExpression(expression.operand)
    case 'binary':
      return inExpression(expression.left) || inExpression(expression.right)
    default:
      return false
  }
}

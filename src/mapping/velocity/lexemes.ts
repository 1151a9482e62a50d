// The words of Velocity 1.7's lexer (Parser.jjt), as far as a parser without lexer states has to know them. All are
// sticky; what they do beyond the user guide was observed with Velocity 1.7 (test/mapping/regenerate-goldens.sh).

export const plainText = /[^$#\\]+/y
export const slashRun = /\\+/y
export const directiveName = /#(?:([A-Za-z_@][A-Za-z0-9_@]*)|\{([A-Za-z_][A-Za-z0-9_@]*)\})/y
export const openParenthesis = /[ \t\r\n]*\(/y

/** A closing parenthesis, which takes a line end along, as `#else` and `#end` do. */
export const closing = /\)(?:[ \t]*(?:\r\n|\n|\r))?/y
export const restOfLine = /[ \t]*(?:\r\n|\n|\r)/y

/** The beginning of a `#set`, which takes the blanks before it along. */
export const setStart = /[ \t]*#(?:set|\{set\}) *\(/y

export const lineComment = /##[^\r\n]*(?:\r\n|\n|\r)?/y
/**
 * A part of a block comment. Inside of one too the lexer reads `##` and `#*` as one word, so the `*#` in `#*#` ends
 * nothing.
 */
export const commentPart = /##|#\*\*[^#]|#\*|\*#|[^#*]+|[#*]/y

/**
 * Braces right after a reference, which are words of their own: blanks between them and a `#set` do not belong to them.
 */
export const bracesAfterReference = /\{*\}?/y
/** A number right after a `#`, which is a word of its own, too. */
export const numberAfterHash = /-?(?:\d+(?:\.\d*)?|\.\d+)/y

/** The directives that a lone `$` right before them vanishes with. */
export const swallowing =
  /#(?:(?:if|elseif|else|end)(?![A-Za-z0-9_@])|\{(?:if|elseif|else|end)\})|[ \t]*#(?:set|\{set\}) *\(/y
/** The `!` of a `$!` that no name follows. */
export const lostBang = /!(?=[^$#[{\\])/y
/** Comment marks that touch a property and so are none. */
export const loneMarks = /##(?!#)/y

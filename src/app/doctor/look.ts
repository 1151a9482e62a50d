/** The outcome of one look of `postern doctor`: `fail` keeps the gateway from starting or working, `warn` may do harm. */
export interface Finding {
  /** The thing that was looked at, in a word or two. */
  readonly look: string
  readonly state: 'ok' | 'warn' | 'fail'
  /** The state of the thing, in a sentence without a full stop. */
  readonly found: string
  /** The remedy, an order; null where there is nothing to do. */
  readonly remedy: string | null
}

export function ok(look: string, found: string): Finding {
  return { look, state: 'ok', found, remedy: null }
}

export function warn(look: string, found: string, remedy: string): Finding {
  return { look, state: 'warn', found, remedy }
}

export function fail(look: string, found: string, remedy: string): Finding {
  return { look, state: 'fail', found, remedy }
}

/** The fault of a sentence that has its remedy behind the last semicolon, as those of failed starts do. */
export function failed(look: string, sentence: string, remedy: string): Finding {
  return fail(look, ...cutAtRemedy(sentence, remedy))
}

/** The warning of such a sentence, as a start logs it. */
export function warned(look: string, sentence: string, remedy: string): Finding {
  return warn(look, ...cutAtRemedy(sentence, remedy))
}

function cutAtRemedy(sentence: string, remedy: string): [found: string, remedy: string] {
  const at = sentence.lastIndexOf('; ')
  return at === -1 ? [sentence, remedy] : [sentence.slice(0, at), sentence.slice(at + 2)]
}

/** A model as the definition spells it (`Model` of apigatewayv2). */
export interface ModelDefinition {
  readonly contentType: string
  /** A JSON Schema: in place, or as the JSON text that AWS has. */
  readonly schema: string | Readonly<Record<string, unknown>>
}

/** A fault of a model: the path below `models` and one sentence that names what is allowed. */
export interface ModelFault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** A reason why a body does not fit a model. */
export interface InvalidPart {
  /** The JSON pointer of the value that does not fit (RFC 6901); empty for the whole body. */
  readonly pointer: string
  /** The reason in AWS's words. Parts of the body stand in it, each cut off at 80 characters. */
  readonly message: string
}

/** The reasons why a body was refused, at least one. */
export interface InvalidBody {
  readonly parts: readonly InvalidPart[]
  /** The text of `$context.error.validationErrorString`: all messages in brackets. */
  readonly validationErrorString: string
  /** The reasons with their pointers for the log: without the values of the body, which may be secrets. */
  readonly logText: string
}

/** A model, compiled. Whoever asks picks it: a route by its expression, a method by the content type of its request. */
export interface Model {
  readonly name: string
  /**
   * Judges a JSON value, which is not changed; null when it fits. Never throws: a value that takes too much time, or is
   * nested too deeply, does not fit.
   */
  judge(value: unknown): InvalidBody | null
  /** Gives the milliseconds of processor time that the last judgement took, once; 0 for a short one, as nearly all are. */
  took(): number
}

/** Judges the bodies that come to one route or method. */
export interface BodyValidator {
  /** Judges a body; null when it fits. Never throws. */
  validate(text: string): InvalidBody | null
  /** Gives the milliseconds of processor time that the last validation took, once; 0 for a short one. */
  took(): number
}

/** The models of an API by their names, or every fault that keeps them from being used. */
export type CompiledModels =
  | { readonly faults: null; readonly models: ReadonlyMap<string, Model> }
  | { readonly faults: readonly ModelFault[] }

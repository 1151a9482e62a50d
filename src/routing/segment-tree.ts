import { comparablePath } from '../vocabulary/comparable-path.ts'
import type { RouteSegment } from './route-key.ts'

/** The entries at one path, by method. Most have one, and need no map then. */
export class MethodTable<Entry> {
  #method: string | null = null
  #entry: Entry | null = null
  #others: Map<string, Entry> | null = null
  #any: Entry | null = null

  set(method: string, entry: Entry): void {
    if (method === 'ANY') this.#any = entry
    else if (this.#method === null || this.#method === method) {
      this.#method = method
      this.#entry = entry
    } else {
      this.#others ??= new Map()
      this.#others.set(method, entry)
    }
  }

  /** The entry of the method itself, else that of `ANY`. */
  find(method: string): Entry | null {
    return (method === this.#method ? this.#entry : this.#others?.get(method)) ?? this.#any
  }
}

class TreeNode<Entry> {
  literals: Map<string, TreeNode<Entry>> | null = null
  variable: TreeNode<Entry> | null = null
  /** The entries at the path that ends here. */
  full: MethodTable<Entry> | null = null
  /** The entries for all paths below this one. */
  greedy: MethodTable<Entry> | null = null
}

/**
 * A tree of paths by segment, grown at load. Names of variables are no part of it: paths that differ only in them are
 * one place.
 */
export class SegmentTree<Entry> {
  readonly root = new TreeNode<Entry>()
  /** Characters of the longest literal: a segment that cannot be one is never cut out of a path. */
  #longestLiteral = 0

  /** The place of the path, made where there was none. */
  place(segments: readonly RouteSegment[]): MethodTable<Entry> {
    let node = this.root
    for (const { kind, text } of segments) {
      if (kind === 'greedy') {
        node.greedy ??= new MethodTable()
        return node.greedy
      }
      node = kind === 'variable' ? this.#variable(node) : this.#literal(node, text)
    }
    node.full ??= new MethodTable()
    return node.full
  }

  /** Starts a search of a path that starts with a slash, as it is on the wire. */
  walk(path: string): PathWalk<Entry> {
    return new PathWalk(this.root, path, this.#longestLiteral)
  }

  #variable(node: TreeNode<Entry>): TreeNode<Entry> {
    node.variable ??= new TreeNode()
    return node.variable
  }

  #literal(node: TreeNode<Entry>, text: string): TreeNode<Entry> {
    this.#longestLiteral = Math.max(this.#longestLiteral, text.length)
    node.literals ??= new Map()
    const next = node.literals.get(text) ?? new TreeNode()
    node.literals.set(text, next)
    return next
  }
}

/**
 * The search of one path. Each segment is found and cut once, and only as deep as the tree goes on; each place of the
 * tree is visited at most once for a method. So a search takes no more than the tree has places that fit, whatever the
 * path is.
 */
export class PathWalk<Entry> {
  /** Places of the tree at which this search has been. */
  visited = 0
  readonly #root: TreeNode<Entry>
  readonly #path: string
  readonly #longestSegment: number
  /** The starts of the segments that have been reached; -1 behind the last. */
  readonly #starts: number[]
  /** The segments that have been compared. */
  readonly #texts: string[] = []
  /** The end of the path without the slashes there. */
  readonly #end: number
  #greedy: Entry | null = null

  constructor(root: TreeNode<Entry>, path: string, longestLiteral: number) {
    this.#root = root
    this.#path = path
    // A character may have come in three.
    this.#longestSegment = 3 * longestLiteral
    this.#starts = [path.length > 1 ? 1 : -1]
    let end = path.length
    while (end > 0 && path.charCodeAt(end - 1) === 0x2f) end--
    this.#end = end
  }

  /**
   * The entry for the method: of all places that the whole path leads to, else of those that take what is left of it. At
   * each level a literal goes before a variable, and either before a greedy variable; a place that has nothing for the
   * method is passed over.
   */
  find(method: string): Entry | null {
    return this.#search(this.#root, 0, method) ?? this.#greedy
  }

  /** The segment at a level that `find` has reached. */
  segment(level: number): string {
    return this.#path.slice(this.#starts[level] as number, this.#endOf(level))
  }

  /** The rest of the path from a level on that `find` has reached, without slashes in front. */
  rest(level: number): string {
    let start = this.#starts[level] as number
    while (this.#path.charCodeAt(start) === 0x2f) start++
    return this.#path.slice(start)
  }

  #search(node: TreeNode<Entry>, level: number, method: string): Entry | null {
    this.visited++
    const start = this.#starts[level] as number
    if (start === -1) return node.full?.find(method) ?? null
    if (node.literals !== null || node.variable !== null) {
      const end = this.#endOf(level)
      const literal = node.literals?.get(this.#text(level, start, end))
      const found = literal === undefined ? null : this.#search(literal, level + 1, method)
      if (found !== null) return found
      // A variable is never empty.
      const other = node.variable === null || end === start ? null : this.#search(node.variable, level + 1, method)
      if (other !== null) return other
    }
    // The first is that of the most literal segments: the search goes back from there.
    if (node.greedy !== null && this.#greedy === null && start < this.#end) this.#greedy = node.greedy.find(method)
    return null
  }

  /** The end of the segment at a level, and with it the start of the next. */
  #endOf(level: number): number {
    const next = this.#starts[level + 1]
    if (next !== undefined) return next === -1 ? this.#path.length : next - 1
    const slash = this.#path.indexOf('/', this.#starts[level])
    this.#starts.push(slash === -1 ? -1 : slash + 1)
    return slash === -1 ? this.#path.length : slash
  }

  /** A segment as literals are compared with it; empty, as no literal is, for one that is too long. */
  #text(level: number, start: number, end: number): string {
    const known = this.#texts[level]
    if (known !== undefined) return known
    const text = end - start > this.#longestSegment ? '' : comparablePath(this.#path.slice(start, end))
    this.#texts[level] = text
    return text
  }
}

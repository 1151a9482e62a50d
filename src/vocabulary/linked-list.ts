/** An item that carries the links of the list in which it is. They are the list's own; null outside of one. */
export interface ListItem {
  earlier: ListItem | null
  later: ListItem | null
}

/**
 * A list of what comes and goes often, in the order of coming. A Set would be copied each time so many have gone, and
 * V8 links every copy to the next one: whatever stood in one that has grown old stays in memory until all of that is
 * looked through.
 */
export class LinkedList<Item extends ListItem> {
  readonly #head: ListItem = { earlier: null, later: null }

  constructor() {
    this.#head.earlier = this.#head
    this.#head.later = this.#head
  }

  /** The item that came first; null when there is none. */
  get first(): Item | null {
    const { later } = this.#head
    return later === this.#head ? null : (later as Item)
  }

  /** Puts an item that is in no list behind all others. */
  add(item: Item): void {
    const head = this.#head
    const last = head.earlier as ListItem
    item.earlier = last
    item.later = head
    last.later = item
    head.earlier = item
  }

  /** Copies the items into an array. */
  all(): Item[] {
    const items: Item[] = []
    for (let item = this.#head.later; item !== this.#head; item = (item as ListItem).later) items.push(item as Item)
    return items
  }
}

/** Takes an item out of the list in which it is. Safe for one that is in none. */
export function unlink(item: ListItem): void {
  if (item.earlier === null || item.later === null) return
  item.earlier.later = item.later
  item.later.earlier = item.earlier
  item.earlier = null
  item.later = null
}

/** Things that come and go, taken in turn. All of it costs the same however many there are. */
export class ReadyList<Item> {
  readonly #items: Item[] = []
  readonly #places = new Map<Item, number>()
  #turn = 0

  get size(): number {
    return this.#items.length
  }

  add(item: Item): void {
    if (this.#places.has(item)) return
    this.#places.set(item, this.#items.length)
    this.#items.push(item)
  }

  delete(item: Item): void {
    const place = this.#places.get(item)
    if (place === undefined) return
    const last = this.#items.pop() as Item
    this.#places.delete(item)
    if (last === item) return
    this.#items[place] = last
    this.#places.set(last, place)
  }

  /** The next in turn that fits, of at most `tries`; null without one. */
  next(fits: (item: Item) => boolean, tries: number): Item | null {
    for (let left = Math.min(tries, this.#items.length); left > 0; left--) {
      const item = this.#items[this.#turn++ % this.#items.length] as Item
      if (fits(item)) return item
    }
    return null
  }

  [Symbol.iterator](): Iterator<Item> {
    return this.#items[Symbol.iterator]()
  }
}

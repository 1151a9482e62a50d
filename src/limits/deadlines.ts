/** An item of a deadline list: two links that are the list's own, so that an item costs no object and no timer. */
export interface DeadlineItem {
  earlier: DeadlineItem | null
  later: DeadlineItem | null
}

/** A list of items, each looked at when its time has come. */
export interface Deadlines<Item extends DeadlineItem> {
  /** Looks at the item again at `at` (milliseconds), or up to one tick later. An item stands in the list once. */
  add(item: Item, at: number): void
  /** Safe for an item that is not in the list. */
  remove(item: Item): void
  close(): void
}

export interface DeadlineOptions<Item> {
  now: () => number
  /** Called when the item's time has come: returns when to look again, or null when it is done with. Must not throw. */
  due: (item: Item, now: number) => number | null
  tickInMillis?: number
}

const slotCount = 1024

/**
 * Many slow clocks for the price of one timer: a wheel of slots, each a ring of linked items. Activity does not
 * touch it: an item that was active says so when its slot comes round, and is moved on.
 */
export function createDeadlines<Item extends DeadlineItem>(options: DeadlineOptions<Item>): Deadlines<Item> {
  const { now, due, tickInMillis = 1000 } = options
  const slots: DeadlineItem[] = Array.from({ length: slotCount }, ring)
  const passing = ring()
  let tick = Math.floor(now() / tickInMillis)
  const timer = setInterval(advance, tickInMillis)
  timer.unref()

  function add(item: Item, at: number): void {
    // Later than the wheel reaches: looked at once a turn, which costs nothing worth counting.
    const wanted = Math.min(Math.max(Math.ceil(at / tickInMillis), tick + 1), tick + slotCount - 1)
    const head = slots[wanted % slotCount] as DeadlineItem
    const last = head.earlier as DeadlineItem
    item.earlier = last
    item.later = head
    last.later = item
    head.earlier = item
  }

  function advance(): void {
    const end = Math.floor(now() / tickInMillis)
    // A clock that stood still for longer than a turn has passed every slot once.
    if (end - tick > slotCount) tick = end - slotCount
    while (tick < end) {
      tick++
      moveAll(slots[tick % slotCount] as DeadlineItem, passing)
      // A ring of its own, so that `due` may remove this item's neighbours too.
      while (passing.later !== passing) {
        const item = passing.later as Item
        unlink(item)
        const again = due(item, now())
        if (again !== null) add(item, again)
      }
    }
  }

  return {
    add,
    remove: unlink,
    close() {
      clearInterval(timer)
    },
  }
}

function ring(): DeadlineItem {
  const head: DeadlineItem = { earlier: null, later: null }
  head.earlier = head
  head.later = head
  return head
}

function unlink(item: DeadlineItem): void {
  if (item.earlier === null || item.later === null) return
  item.earlier.later = item.later
  item.later.earlier = item.earlier
  item.earlier = null
  item.later = null
}

function moveAll(from: DeadlineItem, to: DeadlineItem): void {
  if (from.later === from) return
  const first = from.later as DeadlineItem
  const last = from.earlier as DeadlineItem
  to.later = first
  first.earlier = to
  to.earlier = last
  last.later = to
  from.later = from
  from.earlier = from
}

import { HostObject } from './velocity/host-object.ts'
import { aString, type MethodTable, method, methodTable } from './velocity/method.ts'
import type { Run } from './velocity/run.ts'
import { printed } from './velocity/text.ts'
import { JavaMap, missing, type Value } from './velocity/value.ts'

/** The object behind `$stageVariables`: names and strings, read-only. */
export class RecordObject extends HostObject {
  readonly role = 'stageVariables'
  readonly methods = recordMethods
  override readonly absent = missing
  private readonly record: Readonly<Record<string, string>>

  constructor(record: Readonly<Record<string, string>>) {
    super()
    this.record = record
  }

  property(name: string): Value {
    return Object.hasOwn(this.record, name) ? (this.record[name] ?? null) : null
  }

  assign(): boolean {
    return false
  }

  asMap(): JavaMap {
    const map = new JavaMap()
    for (const [name, value] of Object.entries(this.record)) map.put(name, value)
    return map
  }

  text(run: Run): string {
    return printed(this.asMap(), run)
  }
}

const recordMethods: MethodTable = methodTable(
  method('get', [aString], (self: RecordObject, [name]: readonly [string | null]) =>
    name === null ? null : self.property(name),
  ),
)

import type { Target } from './catalog.ts'
import type { HttpStage } from './http-stage.ts'
import type { StageSlot } from './stage-slot.ts'
import type { WebSocketStage } from './websocket-stage.ts'

/** A stage of any protocol. The slot of one never holds a stage of another (`Catalog.replace`). */
export type AnyStage = WebSocketStage | HttpStage

/** Whether a target is a stage that WebSockets connect to. */
export function takesWebSockets(target: Target<AnyStage>): target is Target<WebSocketStage> {
  return target.stage.protocolType === 'WEBSOCKET'
}

/** Whether a target is a stage of an HTTP API. */
export function servesHttp(target: Target<AnyStage>): target is Target<HttpStage> {
  return target.stage.protocolType === 'HTTP'
}

/** Whether a slot holds stages that WebSockets connect to. */
export function holdsWebSockets(slot: StageSlot<AnyStage>): slot is StageSlot<WebSocketStage> {
  return slot.newest.protocolType === 'WEBSOCKET'
}

import { type CallbackEvent, callbackContext } from './callback-event.ts'
import { type ConnectEvent, type ConnectRequest, connectContext } from './connect-event.ts'
import type { ContextSource } from './context-source.ts'
import { type DisconnectEvent, disconnectContext } from './disconnect-event.ts'
import { type MessageEvent, messageContext } from './message-event.ts'
import { type MethodEvent, methodContext } from './method-event.ts'

/** An event in the life of a connection, with which an integration is called; `eventType` tells the kinds apart. */
export type ConnectionEvent = ConnectEvent | MessageEvent | DisconnectEvent

/** Everything that happens at a stage, as `$context` and access logs see it; `eventType` tells the kinds apart. */
export type GatewayEvent = ConnectionEvent | CallbackEvent | MethodEvent

/** AWS's names of the kinds. */
export type EventType = GatewayEvent['eventType']

/** Every kind of event, and where `$context` finds what depends on the kind. */
export const contextSources: {
  readonly [Type in EventType]: ContextSource<Extract<GatewayEvent, { readonly eventType: Type }>>
} = {
  CONNECT: connectContext,
  MESSAGE: messageContext,
  DISCONNECT: disconnectContext,
  CONNECTION_API: callbackContext,
  METHOD: methodContext,
}

/** The handshake of an event; null for a kind without one, and for one that was not copied. */
export function requestOf(event: ConnectionEvent): ConnectRequest | null {
  switch (event.eventType) {
    case 'CONNECT':
      return event.request
    case 'MESSAGE':
    case 'DISCONNECT':
      return null
  }
}

/** The text that came with an event; null for a kind that brings none. */
export function bodyOf(event: ConnectionEvent): string | null {
  switch (event.eventType) {
    case 'MESSAGE':
      return event.body
    case 'CONNECT':
    case 'DISCONNECT':
      return null
  }
}

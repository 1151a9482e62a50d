/**
 * The limits that refuse requests with 429, by the name that counters and log lines have for each. docs/limits.md and
 * the label `cause` of `postern_throttled_total` are made from here.
 */
export const throttleCauses = {
  account: 'The throttleSettings of the settings: requests of all APIs.',
  newConnections: 'The newConnectionThrottle of the settings: handshakes of all APIs.',
  sourceRate: 'The rate of sourceLimits: handshakes from one address or IPv6 network.',
  sourceConnections: 'The maxConnections of sourceLimits: connections from one address or IPv6 network.',
  sourceHandshakes:
    'The maxPendingHandshakes of sourceLimits: handshakes from one address or IPv6 network that wait for an answer.',
  stageConnections: 'The newConnectionThrottle of the stage: its handshakes.',
  route: 'The routeSettings of the stage, or its defaultRouteSettings: requests of one route.',
  plan: 'The throttle of a usage plan, or of a route in it: requests under one API key.',
  quota: 'The quota of a usage plan: requests under one API key in a period.',
  connectionMessages: 'The connectionThrottle of the stage: messages of one connection.',
  connectionBytes: 'The connectionThrottle of the stage: bytes of the messages of one connection.',
  inFlight: 'maxMessagesInFlight: messages of one connection that wait for their integration.',
} as const

export type ThrottleCause = keyof typeof throttleCauses

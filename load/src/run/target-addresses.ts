import { isIPv4 } from 'node:net'
import type { Scenario } from '../scenario/read-scenario.ts'
import type { WatchedPort } from './local-processes.ts'

/** Every URL that a run sends to, as the scenario has it. */
export function urlsOf(scenario: Pick<Scenario, 'definition'>): string[] {
  return [...(scenario.definition.target ?? []), ...httpUrlsOf(scenario)]
}

/** The URLs that a run sends plain HTTP requests to: pushes that go elsewhere than their clients, and REST. */
export function httpUrlsOf({ definition: { pushes, rest } }: Pick<Scenario, 'definition'>): string[] {
  return [...(pushes?.urls ?? []), ...rest.map(({ url }) => url)]
}

/** Hosts that are not this machine's own loopback, or can't be told before the run since a template names them. */
export function foreignHosts(scenario: Pick<Scenario, 'definition'>): string[] {
  const hosts = urlsOf(scenario).map((url) => knownAuthority(url)?.hostname ?? url)
  return [...new Set(hosts.filter((host) => !isLoopback(host)))]
}

/** Whether a host is this machine by its name alone: what a resolver says today is not what it says during the run. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '')
  if (isIPv4(name)) return name.startsWith('127.')
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1'
}

/** Ports on this machine that a run sends to. */
export function localPorts(scenario: Pick<Scenario, 'definition'>): WatchedPort[] {
  const ports = urlsOf(scenario).flatMap((url): WatchedPort[] => {
    const authority = knownAuthority(url)
    if (authority === null || !isLoopback(authority.hostname)) return []
    const isSecure = /^(wss|https):/.test(url)
    const port = authority.port === '' ? (isSecure ? 443 : 80) : Number(authority.port)
    return [{ name: authority.host, port }]
  })
  const watched = Object.entries(scenario.definition.watch).map(([name, port]) => ({ name, port }))
  // A name that the scenario gives says more than an address.
  return [...new Map([...ports, ...watched].map((each) => [each.port, each])).values()]
}

/** Without user, password and query: those may hold secrets. */
export function shownUrl(url: string): string {
  return url.replace(/^(\w+:\/\/)[^/?#]*@/, '$1').replace(/[?#].*$/s, '')
}

/** The scheme and authority of a URL as a URL of their own; null when a template stands in it. */
export function knownAuthority(url: string): URL | null {
  const authority = /^\w+:\/\/[^/?#]*/.exec(url)?.[0] ?? ''
  return authority.includes('{') || !URL.canParse(authority) ? null : new URL(authority)
}

import type { Fleet } from './fleet.ts'

/** The members of a scenario that say where it goes. */
interface Aimed {
  readonly target?: string | readonly string[]
  readonly pushes?: { readonly urls?: string | readonly string[] }
  readonly rest?: readonly { readonly url?: string }[]
}

/** The address of the examples' management port: that of a node takes its place. */
const managementAuthority = /^(https?:\/\/)(127\.0\.0\.1|localhost):8081(?=[/?#]|$)/
const anyAuthority = /^(\w+:\/\/)[^/?#]*/

/** The arguments of `postern load` with which a scenario goes to a fleet and all of its processes are watched. */
export function loadArguments(
  scenario: unknown,
  { entries, nodes, watch }: Pick<Fleet, 'entries' | 'nodes' | 'watch'>,
): { readonly targets: readonly string[]; readonly set: readonly string[] } {
  const { target = [], pushes, rest = [] } = scenario as Aimed
  const everywhere = (urls: string | readonly string[]) => [
    ...new Set([urls].flat().flatMap((url) => entries.map((port) => url.replace(anyAuthority, `$1127.0.0.1:${port}`)))),
  ]
  const once = (url: string) =>
    managementAuthority.test(url)
      ? url.replace(managementAuthority, `$1127.0.0.1:${nodes[0]?.managementPort}`)
      : (everywhere(url)[0] as string)
  return {
    targets: everywhere(target),
    set: [
      ...(pushes?.urls === undefined ? [] : [`pushes.urls=${JSON.stringify(everywhere(pushes.urls))}`]),
      ...rest.flatMap(({ url }, index) =>
        url === undefined ? [] : [`rest.${index}.url=${JSON.stringify(once(url))}`],
      ),
      ...Object.entries(watch).map(([name, port]) => `watch.${name}=${port}`),
    ],
  }
}

import type { DefinitionSource } from '../../../src/deployments/contract.ts'

/** Has the definitions of two sources. */
export const bothSources = (first: DefinitionSource, second: DefinitionSource): DefinitionSource => ({
  async read() {
    const [one, other] = await Promise.all([first.read(), second.read()])
    return { apis: [...one.apis, ...other.apis], faults: [...one.faults, ...other.faults] }
  },
  watch(changed) {
    const ends = [first.watch(changed), second.watch(changed)]
    return () => {
      for (const end of ends) end()
    }
  },
})

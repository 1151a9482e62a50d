import { text } from 'postern-documents/schema-parts'
import { z } from 'zod'

/** The heading a setting stands under, in `--help` and in docs/settings.md. */
export type SettingGroup = 'Serving' | 'Fleet' | 'Callers' | 'Backends' | 'Limits' | 'Options'

/**
 * The way in which a setting is given outside of postern.yaml, where that is not the rule (`drainSeconds`:
 * `--drain-seconds`, `POSTERN_DRAIN_SECONDS`).
 */
export interface SettingInfo {
  group: SettingGroup
  /** The word that `--help` shows for the value: `--port <number>`. */
  value?: string
  /** A flag of one letter. */
  short?: string
}

/** The group and the flag of every setting. A setting that is not in here has neither a flag nor a variable. */
export const settingInfo = z.registry<SettingInfo>()

/** Describes a setting, and notes its group and flag in `settingInfo`. */
export function setting<Schema extends z.ZodType>(info: SettingInfo, description: string, schema: Schema): Schema {
  const described = schema.describe(description)
  settingInfo.add(described, info)
  return described
}

/** The schema of a setting that names a file or folder. */
export const path = () => text('the path of a file', { max: 4_096 })

/** The schema of a setting that names an API. */
export const apiId = () => text('the apiId of an API', { max: 63, pattern: /^[a-z0-9][a-z0-9-]*$/ })

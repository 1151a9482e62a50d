import { refusedMembers, text } from 'postern-documents/schema-parts'
import { z } from 'zod'
import { setting } from './setting.ts'

/** The schema of `lambda`. */
export const lambda = z.strictObject({
  endpoint: setting(
    { group: 'Backends', value: 'url' },
    'Where functions that are not local are invoked: any endpoint that speaks the Lambda API. AWS when unset.',
    z
      .string({ error: 'an http:// or https:// URL' })
      .max(2_048)
      .refine((url) => URL.canParse(url) && /^https?:$/.test(new URL(url).protocol), {
        error: 'an http:// or https:// URL',
      }),
  ).optional(),
  region: setting(
    { group: 'Backends', value: 'name' },
    'Region that Lambda calls are signed for. AWS_REGION when unset, else us-east-1.',
    text('a region, such as eu-west-1', { max: 64, pattern: /^[a-z0-9-]+$/ }),
  ).optional(),
})
refusedMembers.add(lambda, {
  accessKeyId: 'secrets come from the environment: AWS_ACCESS_KEY_ID',
  secretAccessKey: 'secrets come from the environment: AWS_SECRET_ACCESS_KEY',
  sessionToken: 'secrets come from the environment: AWS_SESSION_TOKEN',
})

import { describe, expect, test } from 'vitest'
import { parseFunctionUri } from '../../src/functions/uri.ts'

const arn = 'arn:aws:lambda:eu-west-1:123456789012:function:join'
const remote = { name: 'join', localOnly: false, qualifier: null, region: null }

describe('an integrationUri of a function', () => {
  test.each([
    ['function:join', { ...remote, localOnly: true, remoteName: 'join' }],
    ['join', { ...remote, remoteName: 'join' }],
    ['join:live', { ...remote, remoteName: 'join', qualifier: 'live' }],
    ['join:$LATEST', { ...remote, remoteName: 'join', qualifier: '$LATEST' }],
    [arn, { ...remote, remoteName: arn, region: 'eu-west-1' }],
    [`${arn}:7`, { ...remote, remoteName: arn, region: 'eu-west-1', qualifier: '7' }],
    [
      `arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${arn}/invocations`,
      { ...remote, remoteName: arn, region: 'eu-west-1' },
    ],
    [
      `arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/${arn}:live/invocations`,
      { ...remote, remoteName: arn, region: 'eu-west-1', qualifier: 'live' },
    ],
    [
      'arn:aws-cn:lambda:cn-north-1:123456789012:function:join',
      { ...remote, remoteName: 'arn:aws-cn:lambda:cn-north-1:123456789012:function:join', region: 'cn-north-1' },
    ],
  ])('%s', (uri, reference) => expect(parseFunctionUri(uri)).toEqual(reference))

  test.each([
    '',
    'function:',
    'a b',
    'http://127.0.0.1/',
    'join/../other',
    'arn:aws:sqs:eu-west-1:123456789012:queue',
    'arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/a/b/invocations',
    'x'.repeat(65),
  ])('%j is none', (uri) => expect(parseFunctionUri(uri)).toBeNull())
})

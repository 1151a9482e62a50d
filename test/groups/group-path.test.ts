import { expect, test } from 'vitest'
import { groupPathOf } from '../../src/groups/group-path.ts'

const nothing = { group: null, userId: null, connectionId: null, reportId: null }

test.each([
  ['POST', '/@groups/kitchen', { operation: 'postGroup', group: 'kitchen' }],
  ['GET', '/@groups/kitchen', { operation: 'getGroup', group: 'kitchen' }],
  ['DELETE', '/@groups/kitchen', { operation: 'deleteGroup', group: 'kitchen' }],
  ['GET', '/@groups', { operation: 'getGroups' }],
  ['GET', '/@groups/kitchen/connections', { operation: 'getMembers', group: 'kitchen' }],
  ['PUT', '/@groups/kitchen/connections/abc%3D', { operation: 'join', group: 'kitchen', connectionId: 'abc=' }],
  ['DELETE', '/@groups/kitchen/connections/abc=', { operation: 'leave', group: 'kitchen', connectionId: 'abc=' }],
  ['POST', '/@users/anna', { operation: 'postUser', userId: 'anna' }],
  ['GET', '/@users/anna', { operation: 'getUser', userId: 'anna' }],
  ['DELETE', '/@users/anna', { operation: 'deleteUser', userId: 'anna' }],
  ['PUT', '/@users/anna/groups/kitchen', { operation: 'joinUser', userId: 'anna', group: 'kitchen' }],
  ['DELETE', '/@users/anna/groups/kitchen', { operation: 'leaveUser', userId: 'anna', group: 'kitchen' }],
  ['POST', '/@connections', { operation: 'postAll' }],
  ['POST', '/@batch', { operation: 'postBatch' }],
  ['GET', '/@reports/abc%3D', { operation: 'getReport', reportId: 'abc=' }],
  ['DELETE', '/@reports/abc=', { operation: null, reportId: 'abc=' }],
  ['POST', '/%40groups/kitchen', { operation: 'postGroup', group: 'kitchen' }],
  ['POST', '//%40groups/kitchen', { operation: 'postGroup', group: 'kitchen' }],
  ['PATCH', '/@groups/kitchen', { operation: null, group: 'kitchen' }],
  // Any text is a name, once it is decoded.
  ['POST', '/@groups/a%2Fb', { operation: 'postGroup', group: 'a/b' }],
  ['POST', '/@groups/..', { operation: 'postGroup', group: '..' }],
  ['POST', '/@groups/%00%0A', { operation: 'postGroup', group: '\0\n' }],
  ['POST', '/@groups/%252F', { operation: 'postGroup', group: '%2F' }],
  ['POST', '/@groups/', { operation: 'postGroup', group: '' }],
  ['POST', '/@groups/%FF', { operation: 'postGroup' }],
  ['PUT', '/@groups//connections/abc=', { operation: 'join', group: '', connectionId: 'abc=' }],
])('%s %s', (method, path, found) => {
  expect(groupPathOf(method, path)).toEqual({ ...nothing, ...found })
})

test.each([
  '/@connections/abc=',
  '/@connections/',
  '/@groups/a/members',
  '/@groups/a/connections/b/c',
  '/@users',
  '/@batch/1',
  '/@reports',
  '/@reports/1/2',
  '/groups/a',
  '/@group/a',
  '',
  '/',
])('%s leads elsewhere', (path) => {
  expect(groupPathOf('POST', path)).toBeNull()
})

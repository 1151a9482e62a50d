import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { findExecutable } from './executables.ts'
import { provision } from './provisioning.ts'

/** `tsx scripts/provision.ts redis haproxy aws chromium`: what `npm test` needs beside Node.js. */
let isUpdated = false

process.exitCode = provision(process.argv.slice(2), {
  find: findExecutable,
  mayInstall: process.getuid?.() === 0 && existsSync('/usr/bin/apt-get'),
  install(debianPackage) {
    // Once: the lists do not change between two packages.
    if (!isUpdated) isUpdated = aptGet('update', '-q')
    return aptGet('install', '-q', '-y', '--no-install-recommends', debianPackage)
  },
  print: (line) => console.log(line),
})

/** Runs a program whose output is shown only when it fails. */
function aptGet(...args: string[]): boolean {
  const { status, stdout, stderr } = spawnSync('apt-get', args, {
    encoding: 'utf8',
    // RUNLEVEL: a package's service is not wanted, the tests start their own.
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' },
  })
  if (status !== 0) process.stderr.write(`${stdout}${stderr}`)
  return status === 0
}

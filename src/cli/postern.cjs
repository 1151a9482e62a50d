#!/usr/bin/env node
// The command `postern`. Written so that any Node.js there ever was can read it: an old one then says in a sentence what
// it lacks, where the syntax of the rest would make it fail.
'use strict'

require('./early-signals.cjs')

var readFileSync = require('fs').readFileSync
var join = require('path').join

var manifest = JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8'))
var least = parseInt(manifest.engines.node.replace(/^\D+/, ''), 10)

if (parseInt(process.versions.node, 10) >= least) {
  require('./load-main.cjs')
} else {
  var asksForVersion = process.argv[2] === '--version' || process.argv[2] === '-v'
  if (asksForVersion) process.stdout.write(manifest.version + '\n')
  process.stderr.write('postern runs on Node.js ' + least + ' and later; this is ' + process.versions.node + '.\n')
  process.exitCode = asksForVersion ? 0 : 1
}

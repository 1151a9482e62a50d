// @ts-nocheck: written as the users of functions write theirs.
const handlers = {}
handlers.join = async () => 'from CommonJS'
module.exports = Object.assign(Object.create(null), handlers)

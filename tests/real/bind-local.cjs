// Preloaded with node -r: whatever listens does so on 127.0.0.1 only.
'use strict'
const net = require('node:net')
const listen = net.Server.prototype.listen
net.Server.prototype.listen = function (first, ...rest) {
  if (first !== null && typeof first === 'object' && first.port !== undefined) {
    return listen.call(this, { ...first, host: '127.0.0.1' }, ...rest)
  }
  if (typeof first === 'number' || /^[0-9]+$/.test(String(first))) {
    const callback = rest.find((value) => typeof value === 'function')
    return listen.call(this, { port: Number(first), host: '127.0.0.1' }, ...(callback ? [callback] : []))
  }
  return listen.call(this, first, ...rest)
}

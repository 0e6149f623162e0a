// Bluesky's own server (PDS) with a directory of identities (PLC) that it keeps in memory; both from npm, in the folder
// that this is started in. The PDS takes its settings from the environment; PLC_PORT names the directory's port.
'use strict'
const path = require('node:path')
const here = path.join(process.cwd(), 'node_modules')

async function main() {
  const plc = require(path.join(here, '@did-plc/server'))
  const directory = plc.PlcServer.create({ db: plc.Database.mock(), port: Number(process.env.PLC_PORT) })
  await directory.start()
  const { PDS, envToCfg, envToSecrets, readEnv } = await import(path.join(here, '@atproto/pds/dist/index.js'))
  const settings = readEnv()
  const pds = await PDS.create(envToCfg(settings), envToSecrets(settings))
  await pds.start()
  process.stdout.write('ready\n')
  process.on('SIGTERM', () => pds.destroy().then(() => directory.destroy()).then(() => process.exit(0)))
}

main().catch((error) => {
  console.error(error)
  process.exit(1)
})

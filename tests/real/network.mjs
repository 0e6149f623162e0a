// Bluesky's own network on this machine: directory (PLC), server (PDS) and AppView, of @atproto/dev-env, from npm, in the
// folder that this is started in. PostgreSQL and Redis are named by the environment, as dev-env wants it. Says, as one
// line of JSON, where the PDS is, and where to ask that all it was told is counted (GET: answers when it is done).
import http from 'node:http'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const there = path.join(process.cwd(), 'node_modules/@atproto/dev-env/dist/index.js')
const { TestNetwork } = await import(pathToFileURL(there))
const network = await TestNetwork.create({ pds: { hostname: 'localhost', enableDidDocWithSession: true } })
const asked = http.createServer((request, response) => {
  network
    .processAll()
    .then(() => response.writeHead(204).end())
    .catch((error) => response.writeHead(500).end(String(error)))
})
asked.listen({ port: 0 }, () => {
  const told = { pds: network.pds.port, counted: asked.address().port }
  process.stdout.write(JSON.stringify(told) + '\n')
})

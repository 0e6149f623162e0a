// oidc-provider, a certified server, with one client: code flow with PKCE, tokens that end, refresh tokens that serve
// once. Run in the folder where npm put it. SECRET is the client's, REDIRECT where browsers go; it says its port.
import path from 'node:path'
import { pathToFileURL } from 'node:url'

const entry = path.join(process.cwd(), 'node_modules/oidc-provider/lib/index.js')
const { Provider } = await import(pathToFileURL(entry))
const port = Number(process.env.PORT)
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: 'campaign',
    client_secret: process.env.SECRET,
    redirect_uris: [process.env.REDIRECT],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'client_secret_basic',
  }, {
    client_id: 'keyed',
    redirect_uris: [process.env.REDIRECT],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks: JSON.parse(process.env.JWKS),
    dpop_bound_access_tokens: true,
    require_pushed_authorization_requests: true,
  }],
  cookies: { keys: [process.env.SECRET] },
  pkce: { required: () => true },
  scopes: ['openid', 'offline_access'],
  issueRefreshToken: async () => true,
  rotateRefreshToken: true,
  ttl: { AccessToken: 3600, Grant: 86400, RefreshToken: 86400, Interaction: 600, Session: 86400, IdToken: 3600 },
  features: {
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, process.env.SECRET), requireNonce: () => true },
    pushedAuthorizationRequests: { enabled: true }, 
    devInteractions: { enabled: true }, introspection: { enabled: true }, revocation: { enabled: true },
  },
})
const server = provider.listen(port, '127.0.0.1', () => process.stdout.write('ready\n'))
process.on('SIGTERM', () => { server.closeAllConnections(); server.close(() => process.exit(0)) })

// Who may ask the API, from where, how often and what.
import { flag, key, matching, oneOf, whole } from './config-forms.ts'

const origin = /^https?:\/\/[^\s/,]+$/
const origins = (text: string): string | undefined =>
  text === '' || text.split(',').every((one) => origin.test(one)) ? text : undefined

export const apiAccessKeys = {
  API_AUTH: key(
    'required or open',
    'required',
    ['api'],
    'Who may ask: who has an API key or an access token, or everybody (on a machine of your own).',
    oneOf('required', 'open'),
  ),
  API_CORS_ORIGINS: key(
    'https://host[,https://host:port]',
    '',
    ['api'],
    'Pages of these origins may ask, too. Not set: only pages of the API itself.',
    origins,
  ),
  API_RATE_MAX: key(
    '0 to 1000000',
    '3000',
    ['api'],
    'Most requests a minute of one key or token, or of one address where the API is open; 0: without a limit.',
    whole(0, 1_000_000),
  ),
  API_TRUSTED_PROXIES: key(
    'addresses or ranges, such as 10.0.0.0/8,127.0.0.1',
    '',
    ['api'],
    'Proxies that are believed whom they ask for (X-Forwarded-For, -Proto, -Host).',
    matching(/^([0-9a-f.:/]+(,[0-9a-f.:/]+)*)?$/i),
  ),
  API_OPERATIONS_FILE: key(
    'a path',
    '',
    ['api'],
    'JSON of persisted operations, {"id": "query …"}; they are asked by id or by their SHA-256.',
    (t) => t,
  ),
  API_ONLY_PERSISTED: key(
    'true or false',
    'false',
    ['api'],
    "Answer only operations of that file and the dashboard's own.",
    flag,
  ),
  OIDC_ISSUER: key(
    'a URL',
    '',
    ['api'],
    'Issuer of access tokens, whose discovery document names its keys. Not set: API keys only.',
    matching(/^(https?:\/\/\S+)?$/),
  ),
  OIDC_AUDIENCE: key(
    'text',
    'coldstream',
    ['api'],
    'Audience that access tokens must be for.',
    matching(/^\S+$/),
  ),
  OIDC_CLIENT_ID: key(
    'text',
    '',
    ['api'],
    'The dashboard as the issuer knows it: a public client with PKCE and the redirect /sign-in. Not set: no sign-in there.',
    matching(/^\S*$/),
  ),
  OIDC_SCOPE: key(
    'text',
    'openid',
    ['api'],
    'What the dashboard asks the issuer for, so that its tokens carry the audience.',
    matching(/^\S+( \S+)*$/),
  ),
}

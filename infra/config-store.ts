// Where archives and backups go, and what is asked of them: read by the housekeeper, and by the commands that do its work by
// hand.
import { flag, key, matching, type Process, secret, storeAddress, url, whole } from './config-forms.ts'

const storeUsers: readonly Process[] = ['housekeeper']

export const storeKeys = {
  ARCHIVE_URL: key(
    's3://bucket/prefix or /folder',
    '',
    ['housekeeper'],
    'Where partitions are archived before they are dropped; not set: nothing is dropped.',
    storeAddress,
  ),
  BACKUP_VERIFICATION_ENABLED: key(
    'true or false',
    'true',
    ['housekeeper'],
    'Drop partitions only while WAL archiving is recent and without failures.',
    flag,
  ),
  BACKUP_MAX_AGE_HOURS: key(
    '1 to 8760',
    '24',
    ['housekeeper'],
    'How old the last archived WAL segment may be.',
    whole(1, 8760),
  ),
  BACKUP_URL: key(
    's3://bucket/prefix or /folder',
    '',
    ['housekeeper'],
    'Where backups go; not set: there are none.',
    storeAddress,
  ),
  BACKUP_KEY_FILE: key(
    'a path',
    '',
    ['housekeeper'],
    'The key that seals backups (`coldstream backup key`); not set: they lie there in the clear.',
    matching(/^.*$/),
  ),
  BACKUP_RETENTION_DAYS: key(
    '1 to 3650',
    '30',
    ['housekeeper'],
    'Days for which backups are kept; the newest always is.',
    whole(1, 3650),
  ),
  BACKUP_STORAGE_GIB_MAX: key(
    '0 to 1048576',
    '0',
    ['housekeeper'],
    'How large a bucket of backups may become before the alert; 0: no limit. A folder knows its disk.',
    whole(0, 1_048_576),
  ),
  BACKUP_PROGRAMS_DIR: key(
    'a path',
    '',
    ['housekeeper'],
    "Folder with pg_dump and pg_restore of the server's version, where they are in no usual place.",
    matching(/^.*$/),
  ),
  S3_ENDPOINT: key(
    'an http(s):// URL',
    '',
    storeUsers,
    'Address of an S3 server that is not Amazon.',
    (text) => (text === '' ? '' : url('http:', 'https:')(text)),
  ),
  S3_REGION: key('a region', 'us-east-1', storeUsers, 'Region of the buckets.', matching(/^[a-z0-9-]+$/)),
  S3_ACCESS_KEY_ID: key(
    'an id',
    '',
    storeUsers,
    "Key for the buckets; not set: the machine's own role.",
    matching(/^\S*$/),
  ),
  S3_SECRET_ACCESS_KEY: secret(key('a secret', '', storeUsers, 'Its secret.', matching(/^\S*$/))),
}

// The backups of a store. A backup is two objects: the dump, and beside it what is known of it. The second is written last,
// so a dump that was cut off is no backup, whatever killed its writer.

import { PipelineError } from '../../schemas/failure.ts'
import type { ObjectStore } from '../object-store.ts'
import type { TableFingerprint } from './fingerprint.ts'

export type BackupManifest = {
  name: string
  /** The object that holds the dump. */
  key: string
  /** The instant that the backup is of. */
  takenAt: string
  finishedAt: string
  database: string
  serverVersion: string
  bytes: number
  sha256: string
  /** Null: the dump lies there in the clear. */
  keyId: string | null
  tables: TableFingerprint[]
}

const FOLDER = 'backups/'
const MANIFEST = '.json'
const DAY_MS = 86_400_000

/** Sorts by time, and is fit for a file and an object. */
export function backupName(database: string, timeMs: number): string {
  const instant = new Date(timeMs).toISOString().replaceAll(/[:.]/g, '-')
  return `${database.replaceAll(/[^A-Za-z0-9]/g, '_')}_${instant}`
}

export const dumpKey = (name: string, isSealed: boolean) =>
  `${FOLDER}${name}.dump${isSealed ? '.sealed' : ''}`

export async function writeManifest(store: ObjectStore, manifest: BackupManifest): Promise<void> {
  await store.putText(`${FOLDER}${manifest.name}${MANIFEST}`, `${JSON.stringify(manifest, null, 2)}\n`)
}

export type BackupEntry = { name: string; takenAtMs: number }

/** Newest first. */
export async function listBackups(store: ObjectStore): Promise<BackupEntry[]> {
  const objects = await store.list(FOLDER)
  const names = objects.flatMap(({ key }) =>
    key.endsWith(MANIFEST) ? [key.slice(FOLDER.length, -MANIFEST.length)] : [],
  )
  return names.map((name) => ({ name, takenAtMs: timeOf(name) })).sort((a, b) => b.takenAtMs - a.takenAtMs)
}

function timeOf(name: string): number {
  const [, date, h, m, s, ms] = /_(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)-(\d{3})Z/.exec(name) ?? []
  return Date.parse(`${date}T${h}:${m}:${s}.${ms}Z`)
}

/** The named one, else the newest. */
export async function readManifest(store: ObjectStore, name?: string): Promise<BackupManifest> {
  const entries = await listBackups(store)
  const found = name === undefined ? entries[0] : entries.find((entry) => entry.name === name)
  if (found === undefined) {
    const reason = name === undefined ? `there is no backup in ${store.name}` : `${store.name} has no ${name}`
    throw new PipelineError('RESTORE_REFUSED', { reason })
  }
  return JSON.parse(await store.getText(`${FOLDER}${found.name}${MANIFEST}`)) as BackupManifest
}

/**
 * Removes what is older than `keepDays`, but never the newest backup, and dumps of a day ago that were never finished.
 * Returns the names of what it removed.
 */
export async function pruneBackups(store: ObjectStore, keepDays: number, nowMs: number): Promise<string[]> {
  const [newest, ...others] = await listBackups(store)
  const old = others.filter(({ takenAtMs }) => takenAtMs < nowMs - keepDays * DAY_MS)
  const kept = new Set([newest, ...others].map((entry) => entry?.name).filter((name) => name !== undefined))
  for (const { name } of old) {
    // The manifest goes first: without it nobody takes what is left for a backup.
    await store.remove(`${FOLDER}${name}${MANIFEST}`)
    for (const isSealed of [false, true]) await store.remove(dumpKey(name, isSealed))
  }
  const unfinished = (await store.list(FOLDER)).filter(({ key, modifiedAt }) => {
    const name = key.slice(FOLDER.length).replace(/\.dump(\.sealed)?$/, '')
    return /\.dump(\.sealed)?$/.test(key) && !kept.has(name) && modifiedAt.getTime() < nowMs - DAY_MS
  })
  for (const { key } of unfinished) await store.remove(key)
  return [...old.map(({ name }) => name), ...unfinished.map(({ key }) => key)]
}

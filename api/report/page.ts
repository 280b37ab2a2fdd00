// The report as one HTML document without anything outside itself: it can be saved, printed to PDF and checked later.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Row } from '../exports/columns.ts'
import type { Rule } from '../queries/rules.ts'
import { coverage, meanKineticC, timeWeightedMeanC } from '../rollup-figures.ts'
import type { TemperatureUnit } from '../temperature.ts'
import { duration, type Figures, figuresFor, percent } from './figures.ts'
import { Html, html } from './html.ts'
import type { Manifest } from './manifest.ts'
import type { SignedManifest } from './signing.ts'
import type { Day, UnitReport } from './unit-report.ts'

export const reportStyle = readFileSync(join(import.meta.dirname, 'report.css'), 'utf8')

export function reportPage(report: UnitReport, proof: SignedManifest, degrees: TemperatureUnit): string {
  const figures = figuresFor(report.site.timeZone, degrees)
  const { unit, site, organizationName, period } = report
  const title = `${unit.name}, ${period.firstDay} to ${period.lastDay}`
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(reportStyle)}</style>
</head>
<body>
<h1>${unit.name}</h1>
<p>${organizationName} · ${site.name} · ${unit.type.toLowerCase().replaceAll('_', ' ')}</p>
<p>Temperature report, ${period.firstDay} to ${period.lastDay}, local time of ${site.timeZone}</p>
${verdict(report)}
${summary(report.whole, figures)}
${limits(report.rules, figures)}
${excursions(report, figures)}
${silences(report, figures)}
${openings(report, figures)}
${actions(report, figures)}
${manualLogs(report, figures)}
${days(report.days, figures)}
${evidence(proof, figures)}
<div class="signatures"><p>Checked by, date</p><p>Signature</p></div>
</body>
</html>
`
  return page.text
}

function verdict({ excursions, whole }: UnitReport): Html {
  const confirmed = excursions.filter(({ confirmedAt }) => confirmedAt !== null).length
  const unfinished = whole.isFinal
    ? ''
    : html`<p class="soft">The period is not over, or late readings may still come: figures may change.</p>`
  if (whole.count === 0) return html`<p class="bad">Nothing was measured in this period.</p>`
  const found =
    confirmed === 0
      ? html`<p class="good">No confirmed temperature excursion in this period.</p>`
      : html`<p class="bad">${confirmed} confirmed temperature excursion${confirmed === 1 ? '' : 's'} in this period.</p>`
  return html`${found}${unfinished}`
}

function summary(whole: Day, { degrees, degreeMinutes }: Figures): Html {
  const entries: [string, string][] = [
    ['Readings', String(whole.count)],
    ['Known temperature', percent(coverage(whole))],
    ['Lowest', degrees(whole.minC)],
    ['Highest', degrees(whole.maxC)],
    ['Time-weighted mean', degrees(timeWeightedMeanC(whole))],
    ['Mean kinetic temperature', degrees(meanKineticC(whole))],
    ['Too warm', `${duration(whole.secondsAbove)}, ${degreeMinutes(whole.degreeMinutesAboveC)}`],
    ['Too cold', `${duration(whole.secondsBelow)}, ${degreeMinutes(whole.degreeMinutesBelowC)}`],
    ['Door openings', String(whole.doorOpenings)],
    ['Door open', duration(whole.doorOpenSeconds)],
  ]
  return html`<dl>${entries.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

type Column<R> = [head: string, of: (row: R) => string | number, kind?: 'number']

/** A table, or the sentence that says that there is nothing. */
function section<R>(title: string, rows: readonly R[], nothing: string, columns: Column<R>[]): Html {
  if (rows.length === 0) return html`<h2>${title}</h2><p>${nothing}</p>`
  const heads = columns.map(([head, , kind]) => html`<th scope="col" class="${kind}">${head}</th>`)
  const lines = rows.map(
    (row) => html`<tr>${columns.map(([, of, kind]) => html`<td class="${kind}">${of(row)}</td>`)}</tr>\n`,
  )
  return html`<h2>${title}</h2><table><thead><tr>${heads}</tr></thead><tbody>${lines}</tbody></table>`
}

const minutes = (value: number | null): string => (value === null ? '–' : `${value} min`)

const limits = (rules: readonly Rule[], { at, degrees }: Figures): Html =>
  section('Limits in force', rules, 'No limits were set for this unit.', [
    ['From', (rule) => at(rule.validFrom)],
    ['Lowest', (rule) => degrees(rule.tempMinC), 'number'],
    ['Highest', (rule) => degrees(rule.tempMaxC), 'number'],
    ['Confirmed after', (rule) => minutes(rule.excursionConfirmMinutesDoorClosed ?? 0), 'number'],
    ['with the door open', (rule) => minutes(rule.excursionConfirmMinutesDoorOpen), 'number'],
    ['Critical after', (rule) => minutes(rule.maxExcursionMinutes), 'number'],
  ])

const date = (row: Row, property: string) => row[property] as Date | null
const number = (row: Row, property: string) => row[property] as number | null

const excursions = ({ excursions }: UnitReport, { at, degrees, degreeMinutes }: Figures): Html =>
  section('Temperature excursions', excursions, 'None.', [
    ['Began', (row) => at(row.startedAt)],
    ['Ended', (row) => (row.endedAt === null ? 'still open' : at(row.endedAt))],
    ['Direction', (row) => (row.direction === 'HIGH' ? 'too warm' : 'too cold')],
    ['Confirmed', (row) => at(date(row, 'confirmedAt'))],
    ['Critical', (row) => at(date(row, 'criticalAt'))],
    ['Peak', (row) => degrees(number(row, 'peakC')), 'number'],
    ['Beyond the limit', (row) => degreeMinutes(number(row, 'degreeMinutesC') ?? 0), 'number'],
    ['Door open in it', (row) => duration(row.doorOpenSeconds), 'number'],
    ['Silent in it', (row) => duration(row.silentSeconds), 'number'],
    ['Cause', (row) => [row.cause, row.found].filter(Boolean).join('; ')],
  ])

const silences = ({ silences }: UnitReport, { at }: Figures): Html =>
  section('Times without data', silences, 'None.', [
    ['Last heard', (row) => at(date(row, 'startedAt'))],
    ['Heard again', (row) => (row.endedAt === null ? 'still silent' : at(date(row, 'endedAt')))],
    ['Lasted', (row) => duration(number(row, 'durationSeconds')), 'number'],
    ['Missed check-ins', (row) => number(row, 'missedCheckins') ?? '–', 'number'],
  ])

/** Only those that lasted: a kitchen's door opens a hundred times a day. */
const openings = ({ openings }: UnitReport, { at }: Figures): Html =>
  section(
    'Doors open for too long',
    openings.filter(({ warningAt }) => warningAt !== null),
    openings.length === 0 ? 'No door opening was reported.' : `None of ${openings.length} openings.`,
    [
      ['Opened', (row) => at(date(row, 'openedAt'))],
      ['Closed', (row) => (row.closedAt === null ? 'still open' : at(date(row, 'closedAt')))],
      ['Lasted', (row) => duration(number(row, 'durationSeconds')), 'number'],
      ['Critical', (row) => at(date(row, 'criticalAt'))],
    ],
  )

const words = (row: Row, property: string) => String(row[property] ?? '–')

const actions = ({ actions }: UnitReport, { at }: Figures): Html =>
  section('Corrective actions', actions, 'None were recorded in this period.', [
    ['When', (row) => at(date(row, 'actedAt'))],
    ['Alert', (row) => row.alertType.toLowerCase().replaceAll('_', ' ')],
    ['Found', (row) => words(row, 'description')],
    ['Done', (row) => words(row, 'actionTaken')],
    ['By', (row) => row.actedBy ?? '–'],
    ['Evidence', (row) => words(row, 'evidenceUrl')],
  ])

const manualLogs = ({ manualLogs }: UnitReport, { at, degrees }: Figures): Html =>
  section('Read by hand', manualLogs, 'Nothing in this period.', [
    ['When', (row) => at(date(row, 'recordedAt'))],
    ['Temperature', (row) => degrees(number(row, 'temperatureC')), 'number'],
    ['Note', (row) => words(row, 'note')],
    ['By', (row) => words(row, 'recordedBy')],
  ])

const days = (rows: readonly Day[], { day, degrees }: Figures): Html =>
  section('Day by day', rows, 'No reading in this period.', [
    ['Day', (row) => day(row.start) + (row.isFinal ? '' : ' (not final)')],
    ['Readings', (row) => row.count, 'number'],
    ['Lowest', (row) => degrees(row.minC), 'number'],
    ['Highest', (row) => degrees(row.maxC), 'number'],
    ['Mean', (row) => degrees(timeWeightedMeanC(row)), 'number'],
    ['MKT', (row) => degrees(meanKineticC(row)), 'number'],
    ['Known', (row) => percent(coverage(row)), 'number'],
    ['Out of range', (row) => duration(row.secondsAbove + row.secondsBelow), 'number'],
    ['Door open', (row) => `${row.doorOpenings} ×, ${duration(row.doorOpenSeconds)}`, 'number'],
  ])

function evidence(proof: SignedManifest, { at }: Figures): Html {
  const manifest = JSON.parse(proof.manifest) as Manifest
  const rows = manifest.evidence.map(
    ({ path, lines, sha256 }) =>
      html`<tr><td class="digest">${path}</td><td class="number">${lines}</td><td class="digest">${sha256}</td></tr>`,
  )
  const signature =
    proof.signature === null
      ? html`<p>Not signed: this server has no REPORT_KEY_FILE.</p>`
      : html`<p>Signed with the key of SHA-256 <span class="digest">${proof.publicKeySha256}</span> (public at
          <span class="digest">/api/reports/key</span>); \`coldstream report verify FILE\` checks signature and digests.</p>`
  return html`<h2>Evidence</h2>
<p>Made ${at(new Date(manifest.madeAt))} from these lines. Each digest is that of the export named: fetch it anew and compare.</p>
<table><thead><tr><th scope="col">Export</th><th scope="col" class="number">Lines</th><th scope="col">SHA-256</th></tr></thead>
<tbody>${rows}</tbody></table>
${signature}
<script type="application/json" id="proof">${embedded(proof)}</script>`
}

/** JSON inside a script element: only `<` could end it. */
const embedded = (value: unknown): Html => new Html(JSON.stringify(value).replaceAll('<', '\\u003c'))

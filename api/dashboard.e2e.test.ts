// The dashboard in a real headless Chromium over a filled Postgres: what a person sees, clicks and types.
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openPostgres, type Postgres } from '../infra/postgres.ts'
import { launchChromium } from '../infra/testing/chromium.ts'
import { freshDatabase } from '../infra/testing/engines.ts'
import { type FilledApi, filledApi } from './testing/filled-api.ts'
import { idOf } from './testing/rows.ts'

let postgres: Postgres
let api: FilledApi
let browser: Browser
let origin: string
let page: Page
let complaints: string[]
const pictures = join(tmpdir(), 'coldstream-pages')

beforeAll(async () => {
  postgres = openPostgres(await freshDatabase())
  api = await filledApi(postgres, pino({ level: 'silent' }))
  await api.app.listen({ host: '127.0.0.1', port: 0 })
  origin = `http://127.0.0.1:${(api.app.server.address() as AddressInfo).port}`
  browser = await launchChromium()
}, 400_000)
afterAll(async () => {
  await browser?.close()
  await api?.app.close()
  await postgres?.end()
})

beforeEach(async () => {
  page = await open({ width: 1280, height: 900 })
})
afterEach(async () => {
  await page.context().close()
  expect(complaints).toEqual([])
})

/** A page of a browser of its own; whatever it complains of, or asks of others than us, fails the test. */
async function open(viewport: { width: number; height: number }, colorScheme: 'light' | 'dark' = 'light') {
  const context = await browser.newContext({ viewport, colorScheme, timezoneId: 'Asia/Tokyo' })
  const opened = await context.newPage()
  complaints = []
  opened.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  opened.on('pageerror', (error) => complaints.push(String(error)))
  opened.on('request', (request) => {
    if (new URL(request.url()).origin !== origin && !request.url().startsWith('blob:'))
      complaints.push(request.url())
  })
  return opened
}

const openFleet = async () => {
  await page.goto(origin)
  await page.waitForSelector('.card')
}
const openUnit = async (name: string, search = '') => {
  await page.goto(`${origin}/units/${idOf(name)}${search}`)
  await page.waitForSelector('.chart canvas')
}
const texts = (selector: string) => page.locator(selector).allInnerTexts()
const text = async (selector: string) => (await texts(selector))[0] ?? ''
const picture = (name: string) => page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })

describe('the fleet wall', () => {
  test('shows every unit with its status in words, worst first within its site', async () => {
    await openFleet()
    expect(await texts('.organization h2')).toEqual(['ACME FOODS'])
    expect(await texts('.site h3')).toEqual(['Berlin', 'Chicago'])
    expect(await texts('.card .status')).toEqual([
      ...['Alarm', 'Offline', 'Out of range', 'OK'],
      ...['Interrupted', 'Restoring', 'No data yet', 'OK'],
    ])
    expect(await texts('.card h4')).toEqual([
      ...['Dairy wall', 'Freezer 2', 'Walk-in 1', 'Salad bar'],
      ...['Fish counter', 'Blast chiller', 'New freezer', 'Back fridge'],
    ])
    expect(await texts('.site-head span')).toEqual(['13:00 CET', '06:00 GMT−6'])
    expect((await texts('.card .reading'))[0]).toMatch(/9\.6\s*°C\s*0 to 8 °C/)
    expect(await texts('.card .door.open')).toEqual([expect.stringMatching(/^Door\s+Open 11 min$/)])
    expect(await page.locator('.spark .trace').count()).toBe(7)
    await picture('fleet')
  })

  test('is narrowed by status and by name', async () => {
    await openFleet()
    await page.click('#only-OK')
    expect(await texts('.card h4')).toEqual(['Salad bar', 'Back fridge'])
    await page.click('#only-OK')
    await page.keyboard.press('/')
    await page.keyboard.type('chicago')
    expect(await page.locator('.card').count()).toBe(4)
    await page.keyboard.type(' nowhere')
    expect(await texts('.empty h1')).toEqual(['No unit matches'])
  })

  test('changes to Fahrenheit, and remembers it', async () => {
    await openFleet()
    await page.click('[data-unit=F]')
    await page.locator('.reading', { hasText: '°F' }).first().waitFor()
    expect((await texts('.card .reading'))[0]).toMatch(/49\.3\s*°F\s*32 to 46\.4 °F/)
    await page.reload()
    await page.waitForSelector('.card')
    expect((await texts('.card .reading'))[0]).toContain('°F')
    expect(await page.getAttribute('[data-unit=F]', 'aria-pressed')).toBe('true')
  })

  test('says that it is interrupted, keeps what it knows, and recovers', async () => {
    await openFleet()
    await page.route('**/graphql', (route) => route.abort())
    await page.click('[data-unit=F]')
    await page.waitForSelector('#trouble:not([hidden])')
    expect(await text('#trouble')).toContain('The connection is interrupted')
    expect(await page.locator('.card').count()).toBe(8)
    await page.unroute('**/graphql')
    await page.click('[data-unit=C]')
    await page.waitForSelector('#trouble', { state: 'hidden' })
    complaints = complaints.filter((complaint) => !complaint.includes('net::ERR_FAILED'))
  })

  test('follows the database by itself', async () => {
    await openFleet()
    const move = (status: string) =>
      postgres.query('update unit_status_changes set status = $2 where unit_id = $1', [
        idOf('Back fridge'),
        status,
      ])
    await move('manual_required')
    await page.waitForSelector(`#unit-${idOf('Back fridge')}[data-status=MANUAL_REQUIRED]`, {
      timeout: 8_000,
    })
    await move('ok')
  })
})

describe('a unit’s page', () => {
  test('opens from the wall by keyboard and shows the chart with its bands', async () => {
    await openFleet()
    await page.focus(`#unit-${idOf('Dairy wall')}`)
    await page.keyboard.press('Enter')
    await page.waitForSelector('.chart canvas')
    expect(page.url()).toBe(`${origin}/units/${idOf('Dairy wall')}`)
    expect(await text('h1')).toBe('Dairy wall')
    await page.waitForSelector('.chart[data-bands]')
    expect((await page.getAttribute('.chart', 'data-bands'))?.split(' ').sort()).toEqual([
      'confirmed',
      'door',
      'silence',
      'unconfirmed',
    ])
    expect(await texts('.keys li')).toEqual([
      ...[
        'Temperature',
        'Limits',
        'Excursion, confirmed',
        'Excursion, not confirmed',
        'No contact',
        'Door open',
      ],
    ])
    expect(await page.getAttribute('.chart', 'aria-label')).toContain(
      '1 excursion, 1 door opening, 1 silence',
    )
    expect(await colorsIn(page)).toBeGreaterThan(20)
    await picture('unit')
    await page.goBack()
    await page.waitForSelector('.card')
  })

  test('lists what happened, the figures and the rule, in the site’s time', async () => {
    await openUnit('Fish counter')
    expect(await text('.unit-head')).toContain('since 05:48 (12 min)')
    expect(await text('.panel-head .push')).toBe('Times in America/Chicago (GMT−6)')
    await openUnit('Dairy wall')
    const row = (table: string) => text(`#table-${table} tbody tr`)
    expect(await row('excursions')).toMatch(/12:20\s+open, confirmed\s+40 min\s+▲ 10\.0 °C\s+20/)
    expect(await row('door-openings')).toMatch(/11:50\s+closed\s+8 min\s+11:58/)
    expect(await row('alerts')).toMatch(/12:40\s+active\s+Alarm active\s+Critical/)
    expect(await row('figures-by-window')).toMatch(
      /Tue 3 Feb, 12:00 · open\s+4\.0\s+4\.5\s+5\.0\s+4\.5\s+4\.5/,
    )
    await page.click('#rollups-Days')
    expect(await row('figures-by-window')).toMatch(/Mon 2 Feb\s+3\.5\s+4\.0.*50 %/s)
    expect(await text('.facts')).toMatch(/Silent\s+after 25 min/)
  })

  test('shows another range by button, a stretch by drag, and both in the address', async () => {
    await openUnit('Dairy wall')
    await page.click('#range-7d')
    await expect
      .poll(async () => Number(await page.getAttribute('.chart', 'data-points')))
      .toBeGreaterThan(300)
    expect(page.url()).toContain('?range=7d')
    const box = await page.locator('.chart .u-over').boundingBox()
    if (box === null) throw new Error('the chart has no area')
    const [x, y] = [box.x + box.width * 0.5, box.y + 60]
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + box.width * 0.25, y, { steps: 5 })
    await page.mouse.up()
    await page.waitForSelector('#zoom-out')
    const search = new URL(page.url()).searchParams
    const hours = (Date.parse(search.get('to') ?? '') - Date.parse(search.get('from') ?? '')) / 3_600_000
    expect(hours).toBeGreaterThan(40)
    expect(hours).toBeLessThan(44)
    await page.click('#zoom-out')
    await page.waitForSelector('#range-7d[aria-pressed=true]')
    expect(page.url()).toContain('?range=7d')
  })

  test('a deep link opens what its sender saw, and an unknown unit says so', async () => {
    await openUnit('Dairy wall', '?from=2026-02-03T10:00:00.000Z&to=2026-02-03T12:00:00.000Z')
    await page.waitForSelector('#zoom-out')
    expect(await page.getAttribute('.chart', 'aria-label')).toContain(
      'from Tue 3 Feb 11:00 to Tue 3 Feb 13:00',
    )
    for (const id of [idOf('nothing'), 'nonsense']) {
      await page.goto(`${origin}/units/${id}`)
      await page.waitForSelector('.empty h1')
      expect(await text('.empty h1')).toBe('Not found')
    }
  })

  test('fits a phone, in the dark too, with nothing beside the screen', async () => {
    await page.context().close()
    page = await open({ width: 375, height: 740 }, 'dark')
    for (const visit of [openFleet, () => openUnit('Dairy wall')]) {
      await visit()
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(375)
    }
    await picture('unit-phone')
  })

  test('a unit without any data says what is missing', async () => {
    await openUnit('New freezer')
    await page.waitForSelector('.chart-none')
    expect(await texts('.nothing')).toHaveLength(5)
  })
})

test('GraphiQL runs a query without any other host', async () => {
  await page.goto(`${origin}/graphiql`)
  await page.waitForSelector('button[aria-label^=Execute]')
  await page.click('button[aria-label^=Execute]')
  await page.locator('.result-window', { hasText: 'Acme' }).waitFor()
})

/** How many different colours the chart's canvas shows: an empty one has a handful. */
const colorsIn = (shown: Page): Promise<number> =>
  shown.evaluate(`{
    const canvas = document.querySelector('.chart canvas')
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    const colors = new Set()
    for (let at = 0; at < data.length; at += 4) colors.add(data.slice(at, at + 4).join())
    colors.size
  }`)

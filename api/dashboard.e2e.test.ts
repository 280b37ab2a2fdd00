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
import { colorsIn, type Look, openPage, overhangOf, textsOf, violationsOn } from './testing/pages.ts'
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

const open = async (look: Look = {}) => {
  ;({ page, complaints } = await openPage(browser, origin, look))
}
const reopen = async (look: Look) => {
  await page.context().close()
  await open(look)
}
beforeEach(() => open())
afterEach(async () => {
  await page.context().close()
  expect(complaints).toEqual([])
})

const openFleet = async (search = '') => {
  await page.goto(`${origin}/${search}`)
  await page.waitForSelector('.card')
}
const openUnit = async (name: string, search = '') => {
  await page.goto(`${origin}/units/${idOf(name)}${search}`)
  await page.waitForSelector('.chart[data-grain]')
}
const openSite = async (name: string) => {
  await page.goto(`${origin}/sites/${idOf(name)}`)
  await page.waitForSelector('.card')
}
const openAlerts = async (search = '') => {
  await page.goto(`${origin}/alerts${search}`)
  await page.waitForSelector('.alert, .empty')
}
const texts = (selector: string) => textsOf(page, selector)
const text = async (selector: string) => (await texts(selector))[0] ?? ''
const picture = (name: string) => page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
const choose = async (setting: string) => {
  await page.click('#display')
  await page.click(setting)
  await page.keyboard.press('Escape')
}

describe('the fleet wall', () => {
  test('shows every unit with its status in words, worst first, and what is well last', async () => {
    await openFleet()
    expect(await texts('.group h2')).toEqual(['Needs attention', 'No data yet', 'All well'])
    expect(await texts('.card .status')).toEqual([
      ...['Alarm', 'Offline', 'Interrupted', 'Out of range', 'Restoring', 'No data yet', 'OK', 'OK'],
    ])
    expect((await texts('.card h3')).slice(0, 4)).toEqual([
      ...['Dairy wall', 'Freezer 2', 'Fish counter', 'Walk-in 1'],
    ])
    expect((await texts('.card .reading'))[0]).toMatch(/9\.6\s*°C\s*0 to 8 °C/)
    expect(await texts('.card .door.open')).toEqual([expect.stringMatching(/^Door\s+Open 11 min$/)])
    await expect.poll(() => page.locator('.spark .trace').count()).toBe(7)
    await picture('fleet')
  })

  test('is ordered by site, narrowed by status and by name, and all that stands in the address', async () => {
    await openFleet()
    await page.click('#by-site')
    expect(await texts('.group h2')).toEqual(['Berlin', 'Chicago'])
    expect(await texts('.group-head span[title]')).toEqual(['13:00 CET', '06:00 GMT−6'])
    await page.click('#only-OK')
    expect(await texts('.card h3')).toEqual(['Salad bar', 'Back fridge'])
    await page.click('#only-OK')
    await page.keyboard.press('/')
    await page.keyboard.type('chicago')
    expect(await page.locator('.card').count()).toBe(4)
    expect(page.url()).toBe(`${origin}/?by=site&find=chicago`)
    await page.reload()
    await page.waitForSelector('.card')
    expect(await page.locator('.card').count()).toBe(4)
    await page.fill('#find', 'nowhere')
    expect(await texts('.empty h2')).toEqual(['No unit matches'])
    await page.click('#clear')
    expect(await page.locator('.card').count()).toBe(8)
  })

  test('changes to Fahrenheit and to dark, and remembers both', async () => {
    await openFleet()
    await choose('[data-unit=F]')
    await page.locator('.reading', { hasText: '°F' }).first().waitFor()
    expect((await texts('.card .reading'))[0]).toMatch(/49\.3\s*°F\s*32 to 46\.4 °F/)
    await choose('#settings [data-theme=dark]')
    await page.reload()
    await page.waitForSelector('.card')
    expect((await texts('.card .reading'))[0]).toContain('°F')
    expect(await page.getAttribute('[data-unit=F]', 'aria-pressed')).toBe('true')
    expect(await page.evaluate('getComputedStyle(document.body).backgroundColor')).toBe('rgb(15, 21, 28)')
  })

  test('says that it is interrupted, keeps what it knows, and recovers', async () => {
    await openFleet()
    await page.route('**/graphql', (route) => route.abort())
    await choose('[data-unit=F]')
    await page.waitForSelector('#trouble:not([hidden])')
    expect(await text('#trouble')).toContain('The connection is interrupted')
    expect(await page.locator('.card').count()).toBe(8)
    await page.unroute('**/graphql')
    await choose('[data-unit=C]')
    await page.waitForSelector('#trouble', { state: 'hidden' })
    complaints = complaints.filter((complaint) => !complaint.includes('net::ERR_FAILED'))
  })

  test('says what is wrong where nothing could be loaded at all', async () => {
    await page.route('**/graphql', (route) => route.abort())
    await page.goto(origin)
    await page.waitForSelector('#trouble:not([hidden])')
    expect(await text('#trouble')).toBe(
      'Nothing could be loaded: The server does not answer. Trying again every few seconds.',
    )
    complaints = complaints.filter((complaint) => !complaint.includes('net::ERR_FAILED'))
  })

  test('shows where it will be while it loads, and how old it is when nothing new has come', async () => {
    await page.clock.install()
    let answer = () => {}
    const asked = new Promise<void>((resolve) => {
      answer = resolve
    })
    await page.route('**/graphql', async (route) => {
      await asked
      await route.continue()
    })
    await page.goto(origin)
    await page.waitForSelector('.ghost-card')
    answer()
    await page.waitForSelector('.card')
    expect(await text('#freshness')).toBe('Up to date')
    await page.unroute('**/graphql')
    await page.route('**/graphql', (route) => route.abort())
    await page.clock.fastForward(60_000)
    await page.waitForSelector('#freshness.stale')
    expect(await text('#freshness')).toMatch(/^Stale: 1 min old$/)
    expect(await page.locator('.card').count()).toBe(8)
    complaints = complaints.filter((complaint) => !complaint.includes('net::ERR_FAILED'))
  })

  test('follows the database by itself where no news comes', async () => {
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
    expect(await text('#freshness')).toBe('Up to date')
    await move('ok')
  })
})

describe('a site’s page', () => {
  test('shows its units, the day so far, and its alerts; and leads on to a unit', async () => {
    await openFleet('?by=site')
    await page.click('.group-head a')
    await page.waitForSelector('.site-top h1')
    expect(page.url()).toBe(`${origin}/sites/${idOf('Berlin')}`)
    expect(await text('h1')).toBe('Berlin')
    expect(await texts('.card h3')).toEqual(['Dairy wall', 'Freezer 2', 'Walk-in 1', 'Salad bar'])
    expect(await texts('.alert b')).toEqual(['Temperature out of range'])
    expect(await text('#table-the-day-so-far tbody tr')).toMatch(/Dairy wall\s+3\.5/)
    await picture('site')
    await page.click('#table-the-day-so-far a')
    await page.waitForSelector('.chart[data-grain]')
    expect(await text('h1')).toBe('Dairy wall')
    await page.click('#to-site')
    await page.waitForSelector('.site-top h1')
  })
})

describe('the list of alerts', () => {
  test('is filtered by where an alert stands and by whom it is about', async () => {
    await openAlerts()
    expect(await texts('.alert b')).toEqual(['Temperature out of range'])
    expect(await text('.alert')).toMatch(/Dairy wall · Berlin.*Open.*Critical.*12:40 CET · 20 min ago/s)
    expect(await page.title()).toBe('(1) Alerts · Coldstream')
    await picture('alerts')
    await page.click('#state-resolved')
    expect(await texts('.empty h2')).toEqual(['No alert fits'])
    await page.click('#clear')
    await page.selectOption('#filter-type', 'LOW_BATTERY')
    expect(await texts('.empty h2')).toEqual(['No alert fits'])
    expect(page.url()).toBe(`${origin}/alerts?type=LOW_BATTERY`)
    await openAlerts('?find=chicago')
    expect(await page.locator('.alert').count()).toBe(0)
  })
})

describe('a unit’s page', () => {
  test('opens from the wall by keyboard and shows the chart with its bands', async () => {
    await openFleet()
    await page.focus(`#unit-${idOf('Dairy wall')}`)
    await page.keyboard.press('Enter')
    await page.waitForSelector('.chart[data-grain]')
    expect(page.url()).toBe(`${origin}/units/${idOf('Dairy wall')}`)
    expect(await text('h1')).toBe('Dairy wall')
    expect((await page.getAttribute('.chart', 'data-bands'))?.split(' ').sort()).toEqual([
      'confirmed',
      'door',
      'silence',
      'unconfirmed',
    ])
    expect(await texts('.chart-panel .keys li')).toEqual([
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

  test('lists what happened, the figures and the rule, in the site’s time or in the reader’s', async () => {
    await openUnit('Fish counter')
    expect(await text('.unit-head')).toContain('since 05:48 (12 min)')
    expect(await text('.chart-panel .push')).toBe('Times in America/Chicago (GMT−6)')
    await openUnit('Dairy wall')
    const row = (table: string) => text(`#table-${table} tbody tr`)
    expect(await row('excursions')).toMatch(/12:20\s+open, confirmed\s+40 min\s+▲ 10\.0 °C\s+20/)
    expect(await row('door-openings')).toMatch(/11:50\s+closed\s+8 min\s+11:58/)
    expect(await row('alerts')).toMatch(/12:40\s+active\s+Temperature out of range\s+Critical/)
    await page.waitForSelector('#table-figures-by-window')
    expect(await row('figures-by-window')).toMatch(
      /Tue 3 Feb, 12:00 · open\s+4\.0\s+4\.5\s+5\.0\s+4\.5\s+4\.5/,
    )
    await page.click('#rollups-Days')
    expect(await row('figures-by-window')).toMatch(/Mon 2 Feb\s+3\.5\s+4\.0.*50 %/s)
    expect(await text('.facts')).toMatch(/Silent\s+after 25 min/)
    await choose('[data-zone=own]')
    expect(await text('.chart-panel .push')).toBe('Times in Asia/Tokyo (GMT+9)')
    expect(await row('excursions')).toMatch(/20:20\s+open, confirmed/)
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
    expect(hoursInAddress()).toBeCloseTo(42, 0)
    await page.click('#zoom-out')
    await page.waitForSelector('#range-7d[aria-pressed=true]')
    expect(page.url()).toContain('?range=7d')
  })

  const hoursInAddress = () => {
    const search = new URL(page.url()).searchParams
    return (Date.parse(search.get('to') ?? '') - Date.parse(search.get('from') ?? '')) / 3_600_000
  }

  test('is read, moved and zoomed by keyboard alone', async () => {
    await openUnit('Dairy wall')
    await page.focus('#chart')
    await page.keyboard.press('ArrowLeft')
    expect(await text('.chart-panel .readout')).toMatch(/9\.6 °C · Tue 3 Feb, 12:59 · beyond the limits/)
    expect(await page.getAttribute('.chart-panel .readout', 'aria-live')).toBe('polite')
    await page.keyboard.press('+')
    await page.waitForSelector('#zoom-out')
    expect(hoursInAddress()).toBeCloseTo(12, 3)
    await page.keyboard.press('PageUp')
    expect(page.url()).toContain('to=2026-02-03T00%3A00')
    await page.keyboard.press('Escape')
    await page.waitForSelector('#range-24h[aria-pressed=true]')
  })

  test('a cell of the heat map leads to its hour', async () => {
    await openUnit('Dairy wall')
    await page.waitForSelector('.heat')
    expect(await page.locator('.heat td').count()).toBe(28 * 24)
    expect(await page.locator('.heat td[data-from]').count()).toBe(48)
    expect(await page.locator('.heat td[tabindex="0"]').count()).toBe(1)
    await page.focus('.heat td[tabindex="0"]')
    expect(await text('#heat-readout')).toBe('Tue 3 Feb, 12:00: 4.5 °C')
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowLeft')
    expect(await text('#heat-readout')).toMatch(/^Mon 2 Feb, 11:00/)
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Enter')
    await page.waitForSelector('#zoom-out')
    expect(page.url()).toContain('from=2026-02-03T09%3A00')
    await page.click('#heat-door')
    expect(page.url()).toContain('heat=door')
    await page.focus('.heat td[tabindex="0"]')
    expect(await text('#heat-readout')).toBe('Tue 3 Feb, 12:00: door open 1 min, 2 opened')
  })

  test('shows limits as they were: another version is another step', async () => {
    await openUnit('Back fridge', '?range=7d')
    expect(await texts('.chart-panel .keys li')).toContain('Limits, changed once')
    expect(await texts('.earlier li')).toEqual(['0 to 8 °C until 1 Feb, 04:00'])
  })

  test('a deep link opens what its sender saw, and carries how it is read', async () => {
    await openUnit('Dairy wall', '?from=2026-02-03T10:00:00.000Z&to=2026-02-03T12:00:00.000Z&unit=F&zone=own')
    await page.waitForSelector('#zoom-out')
    expect(await page.getAttribute('.chart', 'aria-label')).toMatch(
      /from Tue 3 Feb 19:00 to Tue 3 Feb 21:00.* °F/,
    )
    await openUnit('Dairy wall')
    expect(await text('.tile dd')).toContain('°C')
    await page.click('#link')
    expect(page.url()).toContain('unit=C&zone=site')
  })

  test('an unknown unit, site or page says so', async () => {
    for (const path of [`units/${idOf('nothing')}`, 'units/nonsense', `sites/${idOf('nothing')}`]) {
      await page.goto(`${origin}/${path}`)
      await page.waitForSelector('.empty h1')
      expect(await text('.empty h1')).toBe('Not found')
    }
    complaints = complaints.filter((complaint) => !complaint.includes('400 (Bad Request)'))
  })

  test('a unit without any data says what is missing', async () => {
    await openUnit('New freezer')
    await page.waitForSelector('.chart-none')
    await expect.poll(() => page.locator('.nothing').count()).toBe(6)
  })
})

describe('every page', () => {
  const visits: Record<string, () => Promise<void>> = {
    fleet: () => openFleet(),
    'fleet by site': () => openFleet('?by=site'),
    site: () => openSite('Berlin'),
    unit: async () => {
      await openUnit('Dairy wall')
      await page.waitForSelector('.heat')
    },
    'unit without data': () => openUnit('New freezer'),
    alerts: () => openAlerts(),
    'no alerts': () => openAlerts('?find=nowhere'),
    'not found': async () => {
      await page.goto(`${origin}/units/${idOf('nothing')}`)
      await page.waitForSelector('.empty')
    },
    display: async () => {
      await openFleet()
      await page.click('#display')
    },
  }

  for (const [name, visit] of Object.entries(visits)) {
    test(`(${name}) has no violation that axe knows, and is as legible in the dark`, async () => {
      await visit()
      expect(await violationsOn(page)).toEqual([])
      await page.emulateMedia({ colorScheme: 'dark' })
      // Only the colours differ.
      expect(await violationsOn(page, ['color-contrast'])).toEqual([])
    })

    test(`(${name}) fits a phone with nothing beside the screen`, async () => {
      await reopen({ width: 390, height: 844, scheme: 'dark' })
      await visit()
      expect(await overhangOf(page)).toBeLessThanOrEqual(0)
      if (!name.startsWith('unit')) expect(await violationsOn(page)).toEqual([])
      await picture(`phone-${name.replaceAll(' ', '-')}`)
    })
  }
})

test('GraphiQL runs a query without any other host', async () => {
  await page.goto(`${origin}/graphiql`)
  await page.waitForSelector('button[aria-label^=Execute]')
  await page.click('button[aria-label^=Execute]')
  await page.locator('.result-window', { hasText: 'Acme' }).waitFor()
})

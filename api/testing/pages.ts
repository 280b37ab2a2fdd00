// A browser's page for a test: whatever it complains of, or asks of others than us, is collected; and what every test of the
// dashboard asks of a page.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export type Opened = { page: Page; complaints: string[]; close: () => Promise<void> }
export type Look = { width?: number; height?: number; scheme?: 'light' | 'dark' }

export async function openPage(
  browser: Browser,
  origin: string,
  { width = 1280, height = 900, scheme = 'light' }: Look = {},
): Promise<Opened> {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    timezoneId: 'Asia/Tokyo',
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  const complaints: string[] = []
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  page.on('pageerror', (error) => complaints.push(String(error)))
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin && !request.url().startsWith('blob:'))
      complaints.push(request.url())
  })
  return { page, complaints, close: () => context.close() }
}

export const textsOf = (page: Page, selector: string): Promise<string[]> =>
  page.locator(selector).allInnerTexts()

// The rows of the heat map are alike: two of them say what the other 22 would, in a tenth of the time.
const context = { exclude: [['.heat tbody tr:nth-child(n+3)']] }

/** What axe finds against WCAG 2.2 AA and its own best practices, a line each; `rules`: of these alone. */
export async function violationsOn(page: Page, rules?: readonly string[]): Promise<string[]> {
  const options = { resultTypes: ['violations'], ...(rules && { runOnly: rules }) }
  // The page's policy lets no foreign script in; what the debugger evaluates is not of the page.
  await page.evaluate(axe)
  return page.evaluate(`axe.run(${JSON.stringify(context)}, ${JSON.stringify(options)}).then(({ violations }) =>
    violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => id + ': ' + help + ': ' + html.slice(0, 160))))`)
}

/** How far the page reaches beside the screen, px. */
export const overhangOf = (page: Page): Promise<number> =>
  page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')

/** How many different colours the chart's canvas shows: an empty one has a handful. */
export const colorsIn = (page: Page): Promise<number> =>
  page.evaluate(`{
    const canvas = document.querySelector('.chart canvas')
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    const colors = new Set()
    for (let at = 0; at < data.length; at += 4) colors.add(data.slice(at, at + 4).join())
    colors.size
  }`)

// What happened, drawn behind the temperature: excursions over the full height, unconfirmed ones hatched;
// silences hatched the other way; open doors as a bar along the bottom. Pattern and place tell them apart
// without colour.

/**
 * @typedef {import('./chart-data.js').ChartData} ChartData
 * @typedef {{ kind: 'confirmed' | 'unconfirmed' | 'silence' | 'door', fromMs: number, toMs: number,
 *   share: number }} Band `share`: of the band's time that it was so; below 1 only for the doors of long stretches
 */

const ms = (/** @type {string | null} */ at, /** @type {number} */ orMs) =>
  at === null ? orMs : Date.parse(at)

/** @param {ChartData} data @param {number} nowMs @returns {Band[]} */
export function bandsOf(data, nowMs) {
  const excursions = data.excursions.flatMap((excursion) => {
    const [fromMs, toMs] = [Date.parse(excursion.startedAt), ms(excursion.endedAt, nowMs)]
    const confirmedMs = ms(excursion.confirmedAt, toMs)
    return [
      { kind: /** @type {const} */ ('unconfirmed'), fromMs, toMs: confirmedMs, share: 1 },
      { kind: /** @type {const} */ ('confirmed'), fromMs: confirmedMs, toMs, share: 1 },
    ]
  })
  const silences = data.silences.map(({ startedAt, endedAt }) => ({
    kind: /** @type {const} */ ('silence'),
    fromMs: Date.parse(startedAt),
    toMs: ms(endedAt, nowMs),
    share: 1,
  }))
  const openings = data.doorOpenings.map(({ openedAt, closedAt }) => ({
    kind: /** @type {const} */ ('door'),
    fromMs: Date.parse(openedAt),
    toMs: ms(closedAt, nowMs),
    share: 1,
  }))
  const shares = data.doorShares.map((share) => ({ kind: /** @type {const} */ ('door'), ...share }))
  const doors = data.grain === 'readings' ? openings : shares
  return [...silences, ...excursions, ...doors].filter((band) => band.toMs > band.fromMs)
}

const DOOR_HEIGHT = 7

/** @param {any} plot a uPlot @param {readonly Band[]} bands @param {(name: string) => string} color */
export function drawBands(plot, bands, color) {
  const { ctx, bbox } = plot
  const scale = devicePixelRatio
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  for (const { kind, fromMs, toMs, share } of bands) {
    const left = plot.valToPos(fromMs / 1000, 'x', true)
    // A door that was open for a minute still is seen on a month's chart.
    const width = Math.max(plot.valToPos(toMs / 1000, 'x', true) - left, 1.5 * scale)
    const door = DOOR_HEIGHT * scale
    if (kind === 'door') {
      // Of a day the part that it was open; never so little that it is not seen.
      ctx.globalAlpha = share === 1 ? 1 : 0.25 + 0.75 * Math.sqrt(share)
      ctx.fillStyle = color('--band-door')
      ctx.fillRect(left, bbox.top + bbox.height - door, width, door)
      ctx.globalAlpha = 1
      continue
    }
    ctx.fillStyle = color(`--band-${kind}`)
    ctx.fillRect(left, bbox.top, width, bbox.height)
    if (kind !== 'confirmed')
      hatch(ctx, { left, width, top: bbox.top, height: bbox.height }, kind === 'silence', color('--hatch'))
  }
  ctx.restore()
}

/**
 * @param {CanvasRenderingContext2D} ctx
 * @param {{ left: number, width: number, top: number, height: number }} area
 * @param {boolean} isFalling
 * @param {string} color
 */
function hatch(ctx, { left, width, top, height }, isFalling, color) {
  const step = 9 * devicePixelRatio
  ctx.save()
  ctx.beginPath()
  ctx.rect(left, top, width, height)
  ctx.clip()
  ctx.strokeStyle = color
  ctx.lineWidth = 0.7 * devicePixelRatio
  ctx.beginPath()
  // Anchored to the page, not to the band: hatches of neighbours run on.
  for (let x = Math.floor((left - height) / step) * step; x < left + width + height; x += step) {
    ctx.moveTo(x, isFalling ? top : top + height)
    ctx.lineTo(x + height, isFalling ? top + height : top)
  }
  ctx.stroke()
  ctx.restore()
}

/**
 * Each stretch's own limits; a change is a step.
 * @param {any} plot a uPlot
 * @param {readonly import('./chart-data.js').RuleStretch[]} rules
 * @param {(name: string) => string} color
 */
export function drawLimits(plot, rules, color) {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.strokeStyle = color('--line-limit')
  ctx.lineWidth = 1.2 * devicePixelRatio
  ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio])
  for (const { fromMs, toMs, rule } of rules) {
    const left = Math.max(plot.valToPos(fromMs / 1000, 'x', true), bbox.left)
    const right = Math.min(plot.valToPos(toMs / 1000, 'x', true), bbox.left + bbox.width)
    for (const limit of [rule?.temperatureMin, rule?.temperatureMax]) {
      if (typeof limit !== 'number' || right <= left) continue
      const y = plot.valToPos(limit, 'y', true)
      ctx.beginPath()
      ctx.moveTo(left, y)
      ctx.lineTo(right, y)
      ctx.stroke()
    }
  }
  ctx.restore()
}

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { stringify } from 'yaml'
import { type LatencyName, type LoadResult, latencyNames } from '../contract.ts'
import { distributionChart } from './distribution-chart.ts'
import {
  bytesText,
  counted,
  countText,
  durationText,
  figureText,
  listText,
  millisecondsText,
  percentText,
  timeText,
} from './figures.ts'
import { html, Markup, type Part } from './html.ts'
import { type Cell, latencyMeanings, type ReportTable, reportTables, titledColumns } from './report-tables.ts'
import { type ResultCharts, resultCharts } from './result-charts.ts'
import { timeChart } from './time-chart.ts'
import { thresholdVerdict, type Verdict, verdictOf } from './verdict.ts'

const maxDefinition = 40_000

/**
 * A result as one HTML file to be mailed and kept: nothing of it comes from elsewhere, and it holds no script at all, so
 * that it reads the same wherever scripts are off. Its Content-Security-Policy allows its own style sheet and nothing
 * else, whatever a scenario, an error or a command line says. Verdict first, then the account, then how it was run.
 */
export function htmlReport(result: LoadResult): string {
  const style = readFileSync(new URL('report.css', import.meta.url), 'utf8')
  const hash = createHash('sha256').update(style).digest('base64')
  const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`
  const { run } = result
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${run.scenario}: ${badgeOf(result).title} – load test</title>
<style>${new Markup(style)}</style>
</head>
<body>
${head(result)}
<main>
${account(result)}
${howItWasRun(result)}
</main>
<footer>Written by postern ${run.versions.postern}. Times of day are UTC.</footer>
</body>
</html>
`
  return page.toString()
}

/** One word for the whole run: figures of a client that was too slow neither pass nor fail. */
function badgeOf(result: LoadResult): Verdict {
  const passed = thresholdVerdict(result)
  if (result.client.wasBottleneck) return { ...passed, tone: 'bad', title: `${passed.title} – not to be trusted` }
  return passed
}

function head(result: LoadResult): Markup {
  const { run, client } = result
  const badge = badgeOf(result)
  const findings = verdictOf(result).map(
    ({ tone, title, sentences }) => html`<li class="${tone}"><strong>${title}.</strong> ${sentences.join(' ')}</li>`,
  )
  return html`<header>
<div class="title">
<h1>${run.scenario} <span class="badge ${badge.tone}">${badge.title}</span></h1>
<p class="about">${listText(run.targets)} · ${timeText(run.startedAt)} · ${durationText(run.duration)}</p>
${run.description === null || run.description === '' ? null : html`<p>${run.description}</p>`}
</div>
<ul class="verdict">${findings}${client.notes.map((note) => html`<li class="plain">${note}</li>`)}</ul>
<dl class="tiles">${tiles(result)}</dl>
</header>`
}

const tileOrder: readonly LatencyName[] = ['reply', 'push', 'fanOut', 'rest', 'handshake', 'post']
const maxLatencyTiles = 3

/** The tiles on top of the report, which answer what is asked first: how fast, how much, how many, what went wrong. */
function tiles(result: LoadResult): Markup[] {
  const { totals, latencies, delivery } = result
  const { rates } = totals
  const tile = (name: string, value: string, more: string, isBad = false) =>
    html`<div class="tile${isBad ? ' bad' : ''}"><dt>${name}</dt><dd><b>${value}</b> <span>${more}</span></dd></div>`
  const measured = tileOrder.filter((name) => latencies[name] !== null).slice(0, maxLatencyTiles)
  const lost = (delivery.pushes?.lost ?? 0) + (delivery.fanOut?.lost ?? 0)
  const expected = (delivery.pushes?.expected ?? 0) + (delivery.fanOut?.expected ?? 0)
  return [
    ...measured.flatMap((name) => {
      const latency = latencies[name]
      if (latency === null) return []
      return [
        tile(
          `${latencyMeanings[name].name} p99`,
          millisecondsText(latency.p99),
          `p50 ${millisecondsText(latency.p50)}`,
        ),
      ]
    }),
    tile(
      'messages sent',
      `${figureText(Math.round(rates.messagesOut))}/s`,
      `received ${figureText(Math.round(rates.messagesIn))}/s`,
    ),
    tile('connections', countText(totals.connections.peak), 'at most at a time'),
    tile('errors', percentText(totals.errorShare), `${countText(totals.errors)} in all`, totals.errors > 0),
    ...(expected > 0 ? [tile('lost frames', countText(lost), `of ${countText(expected)}`, lost > 0)] : []),
  ]
}

function account(result: LoadResult): Markup {
  const tables = reportTables(result)
  const charts = resultCharts(result)
  const show = (list: ResultCharts['latency']) => list.map((each) => timeChart(each, charts.axis))
  return html`
${section('Thresholds and checks', [tableHtml(tables.thresholds), tableHtml(tables.checks)], [])}
${section('Latency', [tableHtml(tables.latencies)], [distributionChart(result), ...show(charts.latency)])}
${section('Messages', [tableHtml(tables.traffic), tableHtml(tables.delivery)], show(charts.traffic))}
${section('Connections', [tableHtml(tables.connections), tableHtml(tables.closes), tableHtml(tables.statuses)], show(charts.connections))}
${section(
  'Errors',
  tables.errors === null ? [html`<p>There were none.</p>`] : [tableHtml(tables.errors), tableHtml(tables.errorSamples)],
  show(charts.errors),
)}
${section('Target', [tableHtml(tables.processes)], show(charts.target))}
${section('Client', [tableHtml(tables.workers)], show(charts.client))}`
}

function section(title: string, tables: readonly (Markup | null)[], charts: readonly (Markup | null)[]): Markup | null {
  const [shown, drawn] = [tables.filter((each) => each !== null), charts.filter((each) => each !== null)]
  if (shown.length === 0 && drawn.length === 0) return null
  return html`<section><h2>${title}</h2>${shown.length === 0 ? null : html`<div class="tables">${shown}</div>`}${drawn.length === 0 ? null : html`<div class="charts">${drawn}</div>`}</section>`
}

function tableHtml(table: ReportTable | null): Markup | null {
  if (table === null) return null
  const { title, rows, note } = table
  const columns = titledColumns(table)
  const head = columns.map(({ name, align }) => html`<th scope="col" class="${align}">${name}</th>`)
  const body = rows.map(
    (row) => html`<tr>${row.map((cell, index) => cellHtml(cell, columns[index]?.align ?? 'left', index === 0))}</tr>`,
  )
  return html`<div class="table"><div class="scroll" tabindex="0" role="region" aria-label="${title}"><table><caption class="unseen">${title}</caption><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>${note === null ? null : html`<p class="note">${note}</p>`}</div>`
}

function cellHtml(cell: Cell, align: string, isHead: boolean): Markup {
  const content: Part = typeof cell === 'string' ? cell : html`<span class="mark ${cell.tone}">${cell.text}</span>`
  return isHead ? html`<th scope="row" class="${align}">${content}</th>` : html`<td class="${align}">${content}</td>`
}

function howItWasRun(result: LoadResult): Markup {
  const { run } = result
  const { machine, versions, options } = run
  const facts: readonly (readonly [string, Part])[] = [
    ['File', html`<code>${run.file}</code>`],
    ['Client', counted(options.workers, 'worker process', 'worker processes')],
    ['Target', listText(run.targets, 100)],
    ['Started', timeText(run.startedAt)],
    ['Duration', durationText(run.duration)],
    ['Machine', `${machine.cpu}, ${machine.cores} cores, ${bytesText(machine.memoryBytes)}, ${machine.system}`],
    ['Versions', `postern ${versions.postern}, Node.js ${versions.node}`],
    [
      'Kinds',
      latencyNames
        .filter((name) => result.latencies[name] !== null)
        .map(
          (name) =>
            html`<span class="kind"><b>${latencyMeanings[name].name}</b>: ${latencyMeanings[name].meaning}</span> `,
        ),
    ],
  ]
  return html`<section><h2>How it was run</h2>
<dl class="facts">${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>
<div class="tables">${tableHtml(reportTables(result).phases)}</div>
<h3>Scenario, as it was run</h3>
<pre tabindex="0">${definitionText(run.definition)}</pre>
</section>`
}

/** The scenario as YAML again. What is nested too deep to be written is not worth a failed report. */
function definitionText(definition: unknown): string {
  try {
    const text = stringify(definition ?? null, { lineWidth: 0 })
    return text.length > maxDefinition ? `${text.slice(0, maxDefinition)}\n… cut` : text
  } catch {
    return 'It can not be shown.'
  }
}

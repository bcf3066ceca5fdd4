// One row's outcome as Markdown, which is also what the terminal shows.
import { judge, summary } from './statistics.mjs'

export function rowReport(row, samples) {
  const lines = [`## ${row.title}`, '', ...measured(samples), '']
  const claims = row.claims.map(claim => claimLine(claim, judge(claim, samples)))
  if (claims.length > 0)
    lines.push('| ours against | ratio, median [min..max] | target | |', '|---|---|---|---|', ...claims, '')
  return lines.join('\n')
}

function measured(samples) {
  const sides = Object.keys(samples)
  const metrics = [...new Set(sides.flatMap(side => Object.keys(samples[side])))]
  return [
    `| median [min..max] | ${sides.join(' | ')} |`,
    `|---|${sides.map(() => '---|').join('')}`,
    ...metrics.map(metric => `| ${metric} | ${sides.map(side => cell(samples[side][metric])).join(' | ')} |`),
  ]
}

function cell(values) {
  return values ? span(summary(values)) : '–'
}

function span({ median, min, max }) {
  return `${number(median)} [${number(min)}..${number(max)}]`
}

function number(value) {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value >= 10 ? value.toFixed(1) : value.toFixed(value >= 0.1 ? 2 : 4)
}

function claimLine(claim, result) {
  const against = claim.against ? ` / ${claim.against.metric ?? claim.against.side ?? claim.against}` : ''
  const target = claim.atLeast === undefined ? `≤ ${claim.atMost}` : `≥ ${claim.atLeast}`
  const unit = claim.against ? ' ×' : ''
  const what = `${claim.metric}: ${claim.side}${against}`
  if (!result) return `| ${what} | not measured | ${target}${unit} | |`
  return `| ${what} | ${span(result)}${unit} | ${target}${unit} | ${result.holds ? 'holds' : '**short**'} |`
}

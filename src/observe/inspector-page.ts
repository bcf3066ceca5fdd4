// The inspector's page. It takes whatever sections a snapshot has; names go in as text, never as markup.

const STYLE = `
:root { color-scheme: light dark; font: 14px/1.4 system-ui, sans-serif }
body { margin: 1.5rem }
h1 { font-size: 1.2rem } h2 { font-size: 1rem; margin: 1.2rem 0 .3rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .15rem .8rem .15rem 0; text-align: right; vertical-align: top; border-bottom: 1px solid #8884 }
th:first-child, td:first-child { text-align: left }
#state { color: #888 }
`

// Runs in the browser.
const SCRIPT = `
const EVERY = 1000
const state = document.getElementById('state')
const sections = document.getElementById('sections')

const isObject = value => typeof value === 'object' && value !== null && !Array.isArray(value)

function shown(value) {
  if (isObject(value)) return table(Object.entries(value).map(([name, row]) => ({ name, ...row })))
  if (typeof value === 'number' && !Number.isInteger(value)) return value.toFixed(2)
  return Array.isArray(value) ? value.join(', ') : String(value ?? '')
}

// Totals and their like get a column each; what has a name for each of its parts stays one, a table.
function flat(row) {
  const cells = Object.entries(row).flatMap(([key, value]) =>
    isObject(value) && !Object.values(value).some(isObject)
      ? Object.entries(value).map(([part, of]) => [key + '.' + part, of])
      : [[key, value]])
  return Object.fromEntries(cells)
}

// Strings are appended as text.
function element(tag, ...children) {
  const made = document.createElement(tag)
  made.append(...children)
  return made
}

function table(given) {
  const rows = given.map(flat)
  const first = ['name', 'file', 'pid'].filter(key => rows.some(row => key in row))
  const keys = [...new Set([...first, ...rows.flatMap(row => Object.keys(row))])].filter(key => key !== 'kind')
  const head = element('tr', ...keys.map(key => element('th', key)))
  const lines = rows.map(row => element('tr', ...keys.map(key => element('td', shown(row[key])))))
  return element('table', element('thead', head), element('tbody', ...lines))
}

function show(snapshot) {
  const parts = Object.entries(snapshot).filter(([, rows]) => Array.isArray(rows) && rows.length > 0)
  sections.replaceChildren(...parts.flatMap(([name, rows]) => [element('h2', name + ' (' + rows.length + ')'), table(rows)]))
  state.textContent = new Date(snapshot.at).toLocaleTimeString() + (parts.length === 0 ? ', nothing has a name or runs' : '')
}

async function look() {
  try {
    if (!document.hidden) show(await (await fetch('snapshot')).json())
  } catch {
    state.textContent = 'the process does not answer'
  }
  setTimeout(look, EVERY)
}
document.addEventListener('visibilitychange', () => { if (!document.hidden) fetch('snapshot').then(answer => answer.json()).then(show, () => {}) })
look()
`

/** The nonce is what the policy of the answer admits. */
export function inspectorPage(nonce: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>sluicegate</title>
<style nonce="${nonce}">${STYLE}</style>
<h1>sluicegate</h1>
<p id="state">…</p>
<main id="sections"></main>
<script type="module" nonce="${nonce}">${SCRIPT}</script>
</html>
`
}

// One side of a row in a process of its own: opens it, then measures once for each line on standard input and answers with a line.
// Runs under every runtime that is compared, so it uses nothing that only one of them has.
const [, , file, name, size] = process.argv

const { row } = await import(file)
const side = row.sides[name]
const isQuick = size === 'quick'

let tail = Promise.resolve(await side.open?.(isQuick))
tail = tail.then(state => {
  answer({})
  return state
})

process.stdin.on('data', data => {
  for (let i = 0; i < data.length; i++) tail = tail.then(measure)
})
process.stdin.on('end', () => process.exit(0))

async function measure(state) {
  try {
    answer(await side.measure(isQuick, state))
  } catch (error) {
    answer({ error: error?.stack ?? String(error) })
  }
  return state
}

function answer(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

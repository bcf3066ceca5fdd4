// What it takes to move a known number of bytes out of a child: GB/s from the first byte to the end, and the thread's CPU seconds per GB.

/** `consume` calls `first` at the first bytes, and fulfils at the end with how many there were. */
export async function transfer(total, consume) {
  let began = 0
  let cpu
  const first = () => {
    if (began !== 0) return
    began = performance.now()
    cpu = process.threadCpuUsage()
  }
  const bytes = await consume(first)
  const seconds = (performance.now() - began) / 1000
  const { user, system } = process.threadCpuUsage(cpu)
  if (bytes !== total) throw new Error(`${bytes} bytes came, and not ${total}`)
  return { 'GB/s': bytes / 1e9 / seconds, 'JavaScript thread, CPU s per GB': (user + system) / 1e6 / (bytes / 1e9) }
}

/** Our reader, in the way the README shows. */
export async function readAll(stdout, first) {
  let bytes = 0
  for await (const chunk of stdout) {
    if (bytes === 0) first()
    bytes += chunk.length
  }
  return bytes
}

/** A Node stream, in the fastest way there is. */
export function dataAll(stream, first) {
  return new Promise((resolve, reject) => {
    let bytes = 0
    stream.on('data', chunk => {
      if (bytes === 0) first()
      bytes += chunk.length
    })
    stream.on('error', reject)
    stream.on('end', () => resolve(bytes))
  })
}

// One /bin/true from the call to its end, on each side alike: stdin and stderr nowhere, stdout a pipe that is read to its end.
import childProcess from 'node:child_process'

const FILE = '/bin/true'
const STDIO = ['ignore', 'pipe', 'ignore']

export async function ours() {
  return await import('sluicegate')
}

export async function oursOnce(spawn, containment) {
  const child = await spawn(FILE, [], { stderr: 'ignore', containment })
  while ((await child.stdout.read()) !== null);
  await child.closed
}

export function childProcessOnce() {
  return new Promise((resolve, reject) => {
    const child = childProcess.spawn(FILE, [], { stdio: STDIO })
    child.stdout.resume()
    child.on('error', reject)
    child.on('close', resolve)
  })
}

export async function bunOnce() {
  const child = Bun.spawn([FILE], { stdio: STDIO })
  await new Response(child.stdout).arrayBuffer()
  await child.exited
}

/** How many a second, one after the other and 16 side by side. */
export async function rates(isQuick, once) {
  return {
    'one at a time, per s': await rate(isQuick ? 60 : 250, 1, once),
    '16 at once, per s': await rate(isQuick ? 160 : 640, 16, once),
  }
}

async function rate(count, width, once) {
  const began = performance.now()
  let left = count
  const lane = async () => {
    while (left-- > 0) await once()
  }
  await Promise.all(Array.from({ length: width }, lane))
  return count / ((performance.now() - began) / 1000)
}

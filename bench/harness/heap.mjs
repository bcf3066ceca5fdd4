// Memory that is really there: allocated outside of V8's heap and written to, so that every page of it has to be accounted for by a fork.

const kept = []

export function touch(gigabytes) {
  for (let i = 0; i < gigabytes; i++) kept.push(Buffer.alloc(2 ** 30, 1))
}

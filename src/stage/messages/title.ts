// The names of the stages of a pipeline. Those of one without a name have none.

export function titleOf(name: string, part: string): string {
  return name === '' ? '' : `${name} ${part}`
}

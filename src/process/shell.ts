// `shell`: one text handed to a shell. Nothing is quoted or joined here.

/** File and args that make `shell` (true: /bin/sh) execute the text. */
export function shellCommand(text: string, shell: true | string): { file: string; args: readonly string[] } {
  return { file: shell === true ? '/bin/sh' : shell, args: ['-c', text] }
}

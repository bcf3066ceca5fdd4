import test from 'ava'
import { scriptWords } from '../../src/process/script-words.ts'

function words(strings: TemplateStringsArray, ...values: unknown[]): string[] {
  return scriptWords(strings, values)
}

test('blanks separate and quotes join', t => {
  t.deepEqual(words`  git  log\n--oneline `, ['git', 'log', '--oneline'])
  t.deepEqual(words`echo 'a b' "c d"e'f g'`, ['echo', 'a b', 'c def g'])
  t.deepEqual(words`echo "it's" '"'`, ['echo', "it's", '"'])
  t.deepEqual(words`echo '' ""`, ['echo', '', ''])
})

test('values are never parsed and join the text they touch', t => {
  t.deepEqual(words`echo ${'a b; rm -rf /'} --x=${'y z'}.txt`, ['echo', 'a b; rm -rf /', '--x=y z.txt'])
  t.deepEqual(words`echo ${''} ${0} ${'a'}${'b'}`, ['echo', '', '0', 'ab'])
  t.deepEqual(words`echo "${'a'} ${'b'}"`, ['echo', 'a b'])
})

test('arrays spread: the first joins the left text, the last the right', t => {
  t.deepEqual(words`ls ${['a', 'b c']}`, ['ls', 'a', 'b c'])
  t.deepEqual(words`ls x${[1, 2, 3]}y`, ['ls', 'x1', '2', '3y'])
  t.deepEqual(words`ls ${[]} ${'a'}`, ['ls', 'a'])
  t.deepEqual(words`ls a${[]}b`, ['ls', 'ab'])
})

test('a file URL is its path, another its text', t => {
  t.deepEqual(words`x ${new URL('file:///a%20b')} ${new URL('https://example.com/a')}`, [
    'x',
    '/a b',
    'https://example.com/a',
  ])
})

for (const character of ['|', '>', '<', '&', ';', '*', '~', '`']) {
  test(`an unquoted ${character} is refused, a quoted one is text`, t => {
    t.throws(() => scriptWords([`a ${character} b`], []), { code: 'ERR_INVALID_OPTION', message: /\.pipe\(\).*shell/u })
    t.deepEqual(scriptWords([`a '${character}'`], []), ['a', character])
  })
}

test('what is no script is refused', t => {
  const expected = { code: 'ERR_INVALID_OPTION' }
  t.throws(() => words`a $(b)`, expected)
  t.throws(() => words`a 'b`, expected)
  t.throws(() => words`  `, expected)
  t.throws(() => words`a ${undefined}`, expected)
  t.throws(() => words`a ${{}}`, expected)
  t.throws(() => words`a \u`, expected)
  t.deepEqual(words`a $b`, ['a', '$b'])
})

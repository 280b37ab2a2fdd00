import { expect, test } from 'vitest'
import { misquoted, missingElsewhere, sentences, unshown } from './page.ts'

test('every sentence of docs/semantics.md is shown by a test that quotes it', () => {
  expect(unshown()).toEqual([])
})

test('every case quotes a sentence that is there', () => {
  expect(misquoted()).toEqual([])
})

test('the tests that show a sentence elsewhere exist', () => {
  expect(missingElsewhere()).toEqual([])
})

test('a page falls into its sentences: lists, headings and wrapped lines aside', () => {
  const page =
    '# Title\nOne is\nwrapped. `Two` follows. not a new one.\n\n## Part\n- **Three** is here.\n- Four.'
  expect(sentences(page)).toEqual([
    'One is wrapped.',
    '`Two` follows. not a new one.',
    '**Three** is here.',
    'Four.',
  ])
})

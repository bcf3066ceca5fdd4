// What a callback may give that makes several values out of one. A type, and nothing that runs.

/** No, one or many values. Text and bytes are iterable too, so any iterable would let their characters through. */
export type Many<T> = readonly T[] | Generator<T, void, unknown> | AsyncIterable<T>

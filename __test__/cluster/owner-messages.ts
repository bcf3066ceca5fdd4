// What the processes of a cluster and the spec that holds them together tell each other.

/** From a process. What has a `call` waits for the answer to it. */
export type Told =
  | { readonly type: 'ready' }
  | { readonly type: 'published'; readonly call: number; readonly sequence: number; readonly text: string }
  | { readonly type: 'owns'; readonly processor: string; readonly code: string | undefined }
  | { readonly type: 'halted'; readonly processor: string; readonly code: string }
  | {
      readonly type: 'write'
      readonly call: number
      readonly processor: string
      readonly epoch: number
      readonly items: readonly (readonly [sequence: number, text: string])[]
    }

/** To a process. */
export type Order =
  | { readonly type: 'own'; readonly processor: string }
  | { readonly type: 'watch'; readonly processor: string }
  | { readonly type: 'answer'; readonly call: number; readonly isTaken: boolean }

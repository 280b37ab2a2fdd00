// What V8 is told in a process that runs the engine.

export const memberFlags: readonly string[] = [
  // A transaction's records live as long as it lasts: with V8's 16 MB they would all become old. MB.
  '--max-semi-space-size=64',
  // Committed states and batches lie outside of the heap. V8 would collect all of it whenever they have grown by 64 MB; this way
  // it does once heap and they together have grown by as much as a heap may.
  '--external-memory-accounted-in-global-limit',
]

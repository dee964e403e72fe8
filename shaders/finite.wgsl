// Whether storage holds numbers only: the word in `faults` becomes 1 when a value is not a number or infinite. Storage is
// read as words, of one f32 (FULL 1) or two f16 (HALVES 1) each, since WGSL may assume that all values are numbers.
// Dispatch: one thread a word; WIDTH workgroups make a row of the grid.

@group(0) @binding(0) var<storage, read> words: array<u32>;
@group(0) @binding(1) var<storage, read_write> faults: array<u32>;

@compute @workgroup_size(THREADS)
fn lookForFaults(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * THREADS * WIDTH + id.x;
  if (i >= arrayLength(&words)) {
    return;
  }
  //: if FULL
  if ((words[i] & 0x7f800000u) == 0x7f800000u) {
    faults[0] = 1;
  }
  //: end
  //: if HALVES
  if ((words[i] & 0x7c00u) == 0x7c00u || (words[i] & 0x7c000000u) == 0x7c000000u) {
    faults[0] = 1;
  }
  //: end
}

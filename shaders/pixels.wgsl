// A decoded picture, three planes of f32 in [-1, 1], to RGBA bytes, four in a word, opaque.
// The word in `faults` becomes 1 when a value is not a number or infinite, as after an overflow in f16. WGSL may assume that
// neither exists, so the bits are looked at instead of the value.
// Dispatch: one thread a pixel; WIDTH workgroups make a row of the grid.

@group(0) @binding(0) var<storage, read> planes: array<f32>;
@group(0) @binding(1) var<storage, read_write> pixels: array<u32>;
@group(0) @binding(2) var<storage, read_write> faults: array<u32>;

fn isFinite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

@compute @workgroup_size(THREADS)
fn toPixels(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * THREADS * WIDTH + id.x;
  // Behind the pixels there is a word for the host.
  let count = arrayLength(&pixels) - 1;
  if (i >= count) {
    return;
  }
  let colour = vec3f(planes[i], planes[count + i], planes[2 * count + i]);
  if (!isFinite(colour.r) || !isFinite(colour.g) || !isFinite(colour.b)) {
    faults[0] = 1;
  }
  pixels[i] = pack4x8unorm(vec4f(colour * 0.5 + 0.5, 1));
}

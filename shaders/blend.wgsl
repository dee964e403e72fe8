// result = mask * x + (1 - mask) * y, value by value. All are f32; the mask has as many channels as they, or one for all.
// Dispatch: one thread a value; WIDTH workgroups make a row of the grid.

@group(0) @binding(0) var<storage, read> mask: array<f32>;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(THREADS)
fn blend(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * THREADS * WIDTH + id.x;
  if (i < arrayLength(&result)) {
    let share = mask[i % arrayLength(&mask)];
    result[i] = share * x[i] + (1 - share) * y[i];
  }
}

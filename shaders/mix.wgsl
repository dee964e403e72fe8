// result = a * x + b * y, value by value; guidance is a mix too. All tensors are f32 and of one length.
// Dispatch: one thread a value; WIDTH workgroups make a row of the grid.

struct Weights {
  a: f32,
  b: f32,
}

@group(0) @binding(0) var<uniform> weights: Weights;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(THREADS)
fn mixTensors(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * THREADS * WIDTH + id.x;
  if (i < arrayLength(&result)) {
    result[i] = weights.a * x[i] + weights.b * y[i];
  }
}

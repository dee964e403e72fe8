// One DDIM update, value by value:
//   x0   = (x0Sample * sample + x0Prediction * prediction) / x0Divisor
//   e    = (eSample * sample + ePrediction * prediction) / eDivisor
//   next = a * clamp(x0, -clip, clip) + b * e + c * noise
// All tensors are f32 and of one length. Without noise, c is 0 and any tensor may be bound in its place.
// The word in `faults` becomes 1 when a sample or a prediction is not a number or infinite, as after an overflow in f16.
// WGSL may assume that neither exists, and a clamp would hide them, so their bits are looked at before anything else.
// Dispatch: one thread a value; WIDTH workgroups make a row of the grid.

struct Coefficients {
  x0Sample: f32,
  x0Prediction: f32,
  x0Divisor: f32,
  eSample: f32,
  ePrediction: f32,
  eDivisor: f32,
  a: f32,
  b: f32,
  c: f32,
  clip: f32,
}

@group(0) @binding(0) var<uniform> by: Coefficients;
@group(0) @binding(1) var<storage, read> sample: array<f32>;
@group(0) @binding(2) var<storage, read> prediction: array<f32>;
@group(0) @binding(3) var<storage, read> noise: array<f32>;
@group(0) @binding(4) var<storage, read_write> next: array<f32>;
@group(0) @binding(5) var<storage, read_write> faults: array<u32>;

fn isFinite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u;
}

@compute @workgroup_size(THREADS)
fn update(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * THREADS * WIDTH + id.x;
  if (i >= arrayLength(&next)) {
    return;
  }
  if (!isFinite(sample[i]) || !isFinite(prediction[i])) {
    faults[0] = 1;
  }
  let x0 = (by.x0Sample * sample[i] + by.x0Prediction * prediction[i]) / by.x0Divisor;
  let e = (by.eSample * sample[i] + by.ePrediction * prediction[i]) / by.eDivisor;
  var random = 0.0;
  if (by.c != 0) {
    random = by.c * noise[i];
  }
  next[i] = by.a * clamp(x0, -by.clip, by.clip) + by.b * e + random;
}

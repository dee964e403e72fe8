// Values of one float type to another: TO_HALF 1 from f32 to f16, 0 back. One length.
// Dispatch: one thread a value; WIDTH workgroups make a row of the grid.

//: if TO_HALF
@group(0) @binding(0) var<storage, read> source: array<f32>;
@group(0) @binding(1) var<storage, read_write> result: array<f16>;
//: end
//: if TO_FLOAT
@group(0) @binding(0) var<storage, read> source: array<f16>;
@group(0) @binding(1) var<storage, read_write> result: array<f32>;
//: end

@compute @workgroup_size(THREADS)
fn convert(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * THREADS * WIDTH + id.x;
  if (i < min(arrayLength(&source), arrayLength(&result))) {
    //: if TO_HALF
    result[i] = f16(source[i]);
    //: end
    //: if TO_FLOAT
    result[i] = f32(source[i]);
    //: end
  }
}

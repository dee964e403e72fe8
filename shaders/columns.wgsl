// Columns of two pictures that lie side by side, from `first` on: `width` of them. Rows are those of all channels and of
// the whole batch. All f32. So pictures are laid side by side, and cropped.
// Dispatch: one thread a value; WIDTH workgroups make a row of the grid.

struct Columns {
  width: u32,
  first: u32,
  leftWidth: u32,
  rightWidth: u32,
}

@group(0) @binding(0) var<uniform> columns: Columns;
@group(0) @binding(1) var<storage, read> left: array<f32>;
@group(0) @binding(2) var<storage, read> right: array<f32>;
@group(0) @binding(3) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(THREADS)
fn copyColumns(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * THREADS * WIDTH + id.x;
  if (i >= arrayLength(&result)) {
    return;
  }
  let row = i / columns.width;
  let column = columns.first + i % columns.width;
  if (column < columns.leftWidth) {
    result[i] = left[row * columns.leftWidth + column];
  } else {
    result[i] = right[row * columns.rightWidth + column - columns.leftWidth];
  }
}

// Copies columns of one picture into another: every row of `to`, from `toFirst` on, gets `count` values of the same row
// of `from`, from `fromFirst` on. Rows are those of all channels and of the whole batch. All f32.
// Two of these lay pictures side by side; one crops.
// Dispatch: one thread a copied value; WIDTH workgroups make a row of the grid.

struct Columns {
  rows: u32,
  count: u32,
  fromWidth: u32,
  fromFirst: u32,
  toWidth: u32,
  toFirst: u32,
}

@group(0) @binding(0) var<uniform> columns: Columns;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> result: array<f32>;

@compute @workgroup_size(THREADS)
fn copyColumns(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * THREADS * WIDTH + id.x;
  let row = i / columns.count;
  let column = i % columns.count;
  if (row < columns.rows) {
    result[row * columns.toWidth + columns.toFirst + column] =
      source[row * columns.fromWidth + columns.fromFirst + column];
  }
}

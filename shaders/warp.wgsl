// A picture, [1, channels, height, width], read through a flow, [1, 2, h, w], which says for every value of the result
// where it lies in the picture: across and down, in shares of its width and height. Between pixels' middles values are
// mixed; outside, the picture's edge goes on. Storage is Element, arithmetic f32.
// Dispatch: one thread a value of the result; WIDTH workgroups make a row of the grid.

struct Sizes {
  fromHeight: u32,
  fromWidth: u32,
  height: u32,
  width: u32,
}

@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> picture: array<Element>;
@group(0) @binding(2) var<storage, read> flow: array<Element>;
@group(0) @binding(3) var<storage, read_write> result: array<Element>;

@compute @workgroup_size(THREADS)
fn warp(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * THREADS * WIDTH + id.x;
  let size = sizes.height * sizes.width;
  let channel = i / size;
  // Storage is rounded up to whole words, so the result may seem to have a value more than the picture has.
  if (i >= arrayLength(&result) || (channel + 1) * sizes.fromHeight * sizes.fromWidth > arrayLength(&picture)) {
    return;
  }
  let at = i % size;
  let most = vec2f(f32(sizes.fromWidth - 1), f32(sizes.fromHeight - 1));
  let shares = vec2f(f32(flow[at]), f32(flow[size + at]));
  let spot = clamp(shares * (most + 1) - 0.5, vec2f(), most);
  let near = vec2u(spot);
  let far = min(near + 1, vec2u(most));
  let part = spot - vec2f(near);
  let row = channel * sizes.fromHeight;
  let above = (row + near.y) * sizes.fromWidth;
  let below = (row + far.y) * sizes.fromWidth;
  let top = mix(f32(picture[above + near.x]), f32(picture[above + far.x]), part.x);
  let bottom = mix(f32(picture[below + near.x]), f32(picture[below + far.x]), part.x);
  result[i] = Element(mix(top, bottom, part.y));
}

// A frame put together: the place in the person's shadow, over it the person, who is the photo read through the flow where
// the photo shows them and a painted frame, or the mover's paint, elsewhere. src/layers/compose.ts computes the same, and
// says what each number means. layers: move (2), outline, seen, shadow, paint (3). person: colours (3) and the matte.
// Storage is f32. Dispatch: one thread a value of the result; WIDTH workgroups make a row of the grid.

struct Sizes {
  height: u32,
  width: u32,
  layersHeight: u32,
  layersWidth: u32,
  personHeight: u32,
  personWidth: u32,
  // 0: there is no painted frame.
  frameHeight: u32,
  frameWidth: u32,
}

@group(0) @binding(0) var<uniform> sizes: Sizes;
@group(0) @binding(1) var<storage, read> layers: array<f32>;
@group(0) @binding(2) var<storage, read> person: array<f32>;
@group(0) @binding(3) var<storage, read> plate: array<f32>;
@group(0) @binding(4) var<storage, read> frame: array<f32>;
@group(0) @binding(5) var<storage, read_write> result: array<f32>;

// Four neighbours in a plane, and how far between them a place lies.
struct Corners {
  near: vec2u,
  far: vec2u,
  part: vec2f,
}

fn cornersAt(shares: vec2f, size: vec2u) -> Corners {
  let most = vec2f(size - 1);
  let spot = clamp(shares * vec2f(size) - 0.5, vec2f(), most);
  let near = vec2u(spot);
  return Corners(near, min(near + 1, size - 1), spot - vec2f(near));
}

fn layer(channel: u32, at: Corners) -> f32 {
  let above = (channel * sizes.layersHeight + at.near.y) * sizes.layersWidth;
  let below = (channel * sizes.layersHeight + at.far.y) * sizes.layersWidth;
  let near = mix(layers[above + at.near.x], layers[below + at.near.x], at.part.y);
  let far = mix(layers[above + at.far.x], layers[below + at.far.x], at.part.y);
  return mix(near, far, at.part.x);
}

fn ofPerson(channel: u32, at: Corners) -> f32 {
  let above = (channel * sizes.personHeight + at.near.y) * sizes.personWidth;
  let below = (channel * sizes.personHeight + at.far.y) * sizes.personWidth;
  let upper = mix(person[above + at.near.x], person[above + at.far.x], at.part.x);
  let lower = mix(person[below + at.near.x], person[below + at.far.x], at.part.x);
  return mix(upper, lower, at.part.y);
}

fn painted(channel: u32, at: Corners) -> f32 {
  let above = (channel * sizes.frameHeight + at.near.y) * sizes.frameWidth;
  let below = (channel * sizes.frameHeight + at.far.y) * sizes.frameWidth;
  let near = mix(frame[above + at.near.x], frame[below + at.near.x], at.part.y);
  let far = mix(frame[above + at.far.x], frame[below + at.far.x], at.part.y);
  return mix(near, far, at.part.x);
}

@compute @workgroup_size(THREADS)
fn compose(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * THREADS * WIDTH + id.x;
  let count = sizes.height * sizes.width;
  if (i >= 3 * count) {
    return;
  }
  let channel = i / count;
  let pixel = vec2u(i % sizes.width, (i % count) / sizes.width);
  let here = (vec2f(pixel) + 0.5) / vec2f(f32(sizes.width), f32(sizes.height));
  let at = cornersAt(here, vec2u(sizes.layersWidth, sizes.layersHeight));
  let outline = layer(2, at);
  let seen = layer(3, at);
  let place = (plate[i] + 1) * layer(4, at) - 1;

  let moved = cornersAt(here + vec2f(layer(0, at), layer(1, at)), vec2u(sizes.personWidth, sizes.personHeight));
  let matte = ofPerson(3, moved);
  let steepness = max(1, 0.6 * f32(sizes.height) / f32(sizes.layersHeight));
  let edge = clamp((outline - 0.5) * steepness + 0.5, 0, 1);
  let doubt = clamp((min(outline, 1 - outline) - 0.03) * 8, 0, 1);
  let alpha = edge + seen * doubt * (matte - edge);
  let shown = seen * clamp(2 * matte, 0, 1);
  var other = layer(5 + channel, at);
  if (sizes.frameHeight > 0) {
    other = painted(channel, cornersAt(here, vec2u(sizes.frameWidth, sizes.frameHeight)));
  }
  let colour = mix(other, ofPerson(channel, moved), shown);
  result[i] = mix(place, colour, alpha);
}

/* The place behind a person: ground, walls or a sky, things standing about, seen through a lens. */
#include "people.h"

enum { SMOOTH, SPECKLED, PLANKS, CHEQUERS, TILES, BRICKS, STRIPED, PANELS, MARBLED, FOLIAGE, PICTURE };

typedef struct { int32_t kind; uint32_t seed; float a[3], b[3], scale, contrast; } Material;
/* shape 0: a box, 1: an ellipsoid, 2: a rectangle that glows (a window, a lamp); centre and half sizes. */
typedef struct { int32_t shape; float centre[3], half[3]; Material material; } Thing;

typedef struct {
  int32_t outdoors, thingCount, blurRadius;
  uint32_t seed;
  float wallZ, cornerX, cornerSide; /* cornerSide 0: no side wall; -1 or 1: at the left or right */
  float curve;                      /* radius of a studio's rounded corner between floor and wall; 0: a sharp edge */
  float skirting, focusZ;
  float skyLow[3], skyHigh[3];
  Material ground, wall, side, far;
  const Thing *things;
} Place;

static float fract(float x) { return x - floorf(x); }

static void mix3(const float *a, const float *b, float t, float *out) {
  for (int k = 0; k < 3; k++) out[k] = a[k] + (b[k] - a[k]) * t;
}

/* `width`: the size of a pixel on the surface; lines thinner than it fade instead of flickering. */
static void surface(const Material *m, float u, float v, float width, float *out) {
  float s = m->scale, x = u * s, y = v * s, w = fmaxf(width * s, 1e-4f), t = 0, shade = 1;
  float line = fminf(.05f / w, 1);
  switch (m->kind) {
    case SMOOTH: t = .5f + (fractalNoise(x * .3f, y * .3f, 3, m->seed) - .5f) * m->contrast; break;
    case SPECKLED: t = fractalNoise(x * 3, y * 3, 4, m->seed); t = .5f + (t - .5f) * 2.2f * m->contrast; break;
    case PLANKS: {
      float row = floorf(x), shift = hashUnit((int)row, 3, m->seed) * 7, end = fract(y * .22f + shift);
      float tone = hashUnit((int)row, (int)floorf(y * .22f + shift), m->seed);
      float grain = fractalNoise(x * 5, y * .5f + row * 9, 3, m->seed);
      t = clampf(.5f + (tone - .5f) * 1.2f * m->contrast + (grain - .5f) * m->contrast, 0, 1);
      if (fract(x) < .05f || end < .012f) shade = 1 - .45f * line;
      break;
    }
    case CHEQUERS: t = ((int)floorf(x) + (int)floorf(y)) & 1; t = .5f + (t - .5f) * m->contrast * fminf(.5f / w, 1); break;
    case TILES: {
      t = .5f + (hashUnit((int)floorf(x), (int)floorf(y), m->seed) - .5f) * .6f * m->contrast;
      if (fract(x) < .05f || fract(y) < .05f) shade = 1 - .4f * line;
      break;
    }
    case BRICKS: {
      float row = floorf(y * 2), bx = x + .5f * ((int)row & 1), tone = hashUnit((int)floorf(bx), (int)row, m->seed);
      t = .5f + (tone - .5f) * m->contrast + (fractalNoise(x * 6, y * 6, 2, m->seed) - .5f) * .6f;
      if (fract(bx) < .05f || fract(y * 2) < .1f) shade = 1 - .35f * line;
      break;
    }
    case STRIPED: t = fract(x) < .5f; t = .5f + (t - .5f) * m->contrast * fminf(.5f / w, 1); break;
    case PANELS: {
      float fx = fract(x * .5f), fy = fract(y * .4f), edge = fminf(fminf(fx, 1 - fx), fminf(fy, 1 - fy));
      t = .4f; if (edge < .06f) shade = 1.06f; else if (edge < .08f) shade = 1 - .25f * line;
      break;
    }
    case MARBLED: {
      float n = fractalNoise(x * .6f, y * .6f, 4, m->seed);
      t = .5f + .5f * sinf(9 * (n + .12f * x)) * m->contrast; break;
    }
    case FOLIAGE: {
      float n = fractalNoise(x * 2, y * 2, 4, m->seed);
      t = smooth((n - .3f) * 2.4f); shade = .55f + .9f * n; break;
    }
    case PICTURE: {
      float n = fractalNoise(x, y, 2, m->seed), o = fractalNoise(x + 31, y + 7, 3, m->seed + 5);
      t = smooth((n - .45f) * 8); shade = .5f + o; break;
    }
  }
  mix3(m->a, m->b, clampf(t, 0, 1), out);
  for (int k = 0; k < 3; k++) out[k] *= shade;
}

static int hit_thing(const Thing *thing, const float *eye, const float *d, float *distance, float *normal) {
  if (thing->shape == 1) {
    float a = 0, b = 0, c = -1;
    for (int k = 0; k < 3; k++) {
      float o = (eye[k] - thing->centre[k]) / thing->half[k], e = d[k] / thing->half[k];
      a += e * e; b += o * e; c += o * o;
    }
    float disc = b * b - a * c;
    if (disc <= 0) return 0;
    float t = (-b - sqrtf(disc)) / a;
    if (t < .1f || t >= *distance) return 0;
    *distance = t;
    float s = 0;
    for (int k = 0; k < 3; k++) { normal[k] = (eye[k] + t * d[k] - thing->centre[k]) / (thing->half[k] * thing->half[k]); s += normal[k] * normal[k]; }
    s = 1 / sqrtf(s);
    for (int k = 0; k < 3; k++) normal[k] *= s;
    return 1;
  }
  float near = -1e9f, far = 1e9f;
  int axis = 0;
  for (int k = 0; k < 3; k++) {
    float inverse = 1 / (fabsf(d[k]) < 1e-6f ? 1e-6f : d[k]);
    float p = (thing->centre[k] - thing->half[k] - eye[k]) * inverse, q = (thing->centre[k] + thing->half[k] - eye[k]) * inverse;
    float lo = fminf(p, q), hi = fmaxf(p, q);
    if (lo > near) { near = lo; axis = k; }
    far = fminf(far, hi);
  }
  if (near >= far || near < .1f || near >= *distance) return 0;
  *distance = near;
  normal[0] = normal[1] = normal[2] = 0;
  normal[axis] = d[axis] > 0 ? -1 : 1;
  return 1;
}

/* Box blur, three times: close to a lens's soft disc and cheap at any radius. */
static void blur(float *image, int H, int W, int radius, float *scratch) {
  int steps[2] = {3, 3 * W}, counts[2] = {W, H}, lines[2] = {H, W}, starts[2] = {3 * W, 3};
  for (int pass = 0; pass < 6; pass++) {
    int axis = pass & 1, n = counts[axis], step = steps[axis];
    for (int line = 0; line < lines[axis]; line++) for (int k = 0; k < 3; k++) {
      float *p = image + line * starts[axis] + k, sum = 0;
      for (int i = 0; i < n; i++) scratch[i] = p[i * step];
      for (int i = -radius; i <= radius; i++) sum += scratch[i < 0 ? 0 : i >= n ? n - 1 : i];
      for (int i = 0; i < n; i++) {
        p[i * step] = sum / (2 * radius + 1);
        int in = i + radius + 1, gone = i - radius;
        sum += scratch[in >= n ? n - 1 : in] - scratch[gone < 0 ? 0 : gone];
      }
    }
  }
}

static void sky(const Place *place, const float *direction, float *out) {
  float up = clampf(direction[1] * 1.6f, 0, 1);
  mix3(place->skyLow, place->skyHigh, sqrtf(up), out);
  float y = fmaxf(direction[1], .05f);
  float cloud = smooth((fractalNoise(direction[0] / y * .8f, direction[2] / y * .8f, 4, place->seed) - .5f) * 4) * smooth(direction[1] * 6);
  for (int k = 0; k < 3; k++) out[k] += (1.05f - out[k]) * cloud * .7f;
}

typedef struct { float ambient[3], direct[3], position[3], soft; int receives; } Seen;

/* What one ray meets. kind: 0 sky, 1 ground, 2 wall, 3 side wall, 4 the far backdrop, from 5 on a thing. */
static void look(const Place *place, const Camera *camera, const Light *light, float x, float y, Seen *out) {
  const float *e = camera->eye, *r = camera->rotation;
  float cx = (x - camera->centreX) / camera->focal, cy = (camera->centreY - y) / camera->focal, d[3];
  for (int k = 0; k < 3; k++) d[k] = cx * r[k] + cy * r[3 + k] - r[6 + k];
  float t = 1e6f, normal[3] = {0, 0, 1}, albedo[3] = {0, 0, 0};
  int kind = 0;
  if (d[1] < -1e-5f) { t = -e[1] / d[1]; kind = 1; }
  if (d[2] < -1e-5f) {
    float s = (place->wallZ - e[2]) / d[2], across = e[0] + s * d[0], top = e[1] + s * d[1];
    int skyline = place->far.contrast > 0 && top < 14 + 22 * place->far.contrast * fractalNoise(across * .025f, 0, 4, place->seed);
    if (s < t && s > 0 && (!place->outdoors || skyline)) { t = s; kind = place->outdoors ? 4 : 2; }
  }
  if (place->cornerSide != 0 && d[0] * place->cornerSide > 1e-5f) {
    float s = (place->cornerX - e[0]) / d[0];
    if (s < t && s > 0) { t = s; kind = 3; }
  }
  for (int i = 0; i < place->thingCount; i++) if (hit_thing(place->things + i, e, d, &t, normal)) kind = 5 + i;
  float *p = out->position;
  for (int k = 0; k < 3; k++) { p[k] = e[k] + t * d[k]; out->direct[k] = 0; }
  out->receives = kind == 1 || kind == 2;
  out->soft = smooth((place->focusZ - 4 - p[2]) / 14);
  if (kind == 0) {
    float s = 1 / sqrtf(dot3(d, d)), unit[3] = {d[0] * s, d[1] * s, d[2] * s};
    sky(place, unit, out->ambient);
    return;
  }
  float width = t / camera->focal, occlusion = 1;
  float fromFloor = expf(-fmaxf(p[1], 0) / 2.5f), fromWall = expf(-fmaxf(p[2] - place->wallZ, 0) / 2.5f);
  if (kind == 1) {
    p[1] = 0;
    normal[0] = normal[2] = 0; normal[1] = 1;
    surface(&place->ground, p[0], p[2], width / fmaxf(fabsf(d[1]), .05f), albedo);
    if (!place->outdoors && place->curve == 0) occlusion = 1 - .35f * fromWall;
    if (place->curve > 0 && p[2] < place->wallZ + place->curve) { /* the floor bends up into the wall */
      normal[2] = smooth((place->wallZ + place->curve - p[2]) / place->curve);
      normal[1] = 1 - normal[2];
    }
  } else if (kind == 2 || kind == 4) {
    normal[0] = normal[1] = 0; normal[2] = 1;
    surface(kind == 2 ? &place->wall : &place->far, p[0], p[1], width, albedo);
    if (kind == 2 && place->curve == 0) {
      occlusion = 1 - .35f * fromFloor;
      if (p[1] < place->skirting) for (int k = 0; k < 3; k++) albedo[k] = p[1] > place->skirting - .12f ? albedo[k] * .5f : .75f;
    }
  } else if (kind == 3) {
    normal[1] = normal[2] = 0; normal[0] = -place->cornerSide;
    surface(&place->side, p[2], p[1], width, albedo);
    occlusion = (1 - .35f * fromFloor) * (1 - .3f * fromWall);
    if (p[1] < place->skirting) for (int k = 0; k < 3; k++) albedo[k] = .7f;
  } else {
    const Thing *thing = place->things + kind - 5;
    float u = fabsf(normal[0]) > .7f ? p[2] - thing->centre[2] : p[0] - thing->centre[0];
    if (thing->shape == 1) u = p[0] - thing->centre[0] + .6f * (p[2] - thing->centre[2]);
    float v = fabsf(normal[1]) > .7f && thing->shape == 0 ? p[2] - thing->centre[2] : p[1] - thing->centre[1];
    surface(&thing->material, u, v, width, albedo);
    if (thing->shape == 2) { /* it glows */
      for (int k = 0; k < 3; k++) out->ambient[k] = albedo[k] * 1.1f;
      return;
    }
    if (normal[1] < .5f) occlusion = 1 - .5f * expf(-fmaxf(p[1], 0) / 1.5f);
  }
  float facing = fmaxf(dot3(normal, light->keyDirection), 0), up = .5f + .5f * normal[1];
  float haze = place->outdoors ? 1 - expf(-t / 900) : 0;
  for (int k = 0; k < 3; k++) {
    float lit = albedo[k] * light->key[k] * facing;
    out->ambient[k] = albedo[k] * occlusion * (light->sky[k] * up + light->ground[k] * (1 - up));
    if (kind == 1 || kind == 2) out->direct[k] = lit;
    else out->ambient[k] += .6f * lit;
    out->ambient[k] += (place->skyLow[k] - out->ambient[k]) * haze;
  }
}

/* Pixels beside a visible edge deserve more than one ray. */
static int on_edge(const Backdrop *out, const float *soft, int H, int W, int x, int y) {
  const int offsets[4][2] = {{-1, 0}, {1, 0}, {0, -1}, {0, 1}};
  int at = y * W + x;
  for (int i = 0; i < 4; i++) {
    int u = x + offsets[i][0], v = y + offsets[i][1], to = v * W + u;
    if (u < 0 || v < 0 || u >= W || v >= H) continue;
    if (fabsf(soft[at] - soft[to]) > .2f) return 1;
    for (int k = 0; k < 3; k++) {
      float a = out->ambient[3 * at + k] + out->direct[3 * at + k], b = out->ambient[3 * to + k] + out->direct[3 * to + k];
      if (fabsf(a - b) > .02f + .06f * fminf(a, b)) return 1;
    }
  }
  return 0;
}

/* Returns 0 when memory runs out. `out->receives`: 1 where the key light's shadows may fall.
   `samples`: rays a side of each pixel that holds an edge. */
int render_backdrop(const Place *place, const Camera *camera, const Light *light, int H, int W, int samples, const Backdrop *out) {
  float *soft = malloc(sizeof(float) * H * W), share = 1.f / (samples * samples);
  uint8_t *edges = malloc((size_t)H * W);
  if (!soft || !edges) { free(soft); free(edges); return 0; }
  for (int i = 0; i < H * W; i++) {
    Seen seen;
    look(place, camera, light, i % W + .5f, i / W + .5f, &seen);
    memcpy(out->ambient + 3 * i, seen.ambient, sizeof seen.ambient);
    memcpy(out->direct + 3 * i, seen.direct, sizeof seen.direct);
    memcpy(out->position + 3 * i, seen.position, sizeof seen.position);
    out->receives[i] = seen.receives;
    soft[i] = seen.soft;
  }
  for (int i = 0; i < H * W; i++) edges[i] = samples > 1 && on_edge(out, soft, H, W, i % W, i / W);
  for (int i = 0; i < H * W; i++) {
    if (!edges[i]) continue;
    float *ambient = out->ambient + 3 * i, *direct = out->direct + 3 * i;
    for (int k = 0; k < 3; k++) ambient[k] = direct[k] = 0;
    soft[i] = 0;
    for (int s = 0; s < samples * samples; s++) {
      Seen seen;
      look(place, camera, light, i % W + (s % samples + .5f) / samples, i / W + (s / samples + .5f) / samples, &seen);
      for (int k = 0; k < 3; k++) { ambient[k] += share * seen.ambient[k]; direct[k] += share * seen.direct[k]; }
      soft[i] += share * seen.soft;
    }
  }
  free(edges);
  int done = place->blurRadius == 0;
  float *blurred = done ? NULL : malloc(sizeof(float) * 3 * H * W), *line = done ? NULL : malloc(sizeof(float) * (H > W ? H : W));
  if (blurred && line) {
    float *planes[2] = {out->ambient, out->direct};
    for (int plane = 0; plane < 2; plane++) {
      memcpy(blurred, planes[plane], sizeof(float) * 3 * H * W);
      blur(blurred, H, W, place->blurRadius, line);
      for (int i = 0; i < 3 * H * W; i++) planes[plane][i] += (blurred[i] - planes[plane][i]) * soft[i / 3];
    }
    done = 1;
  }
  free(blurred); free(line); free(soft);
  return done;
}

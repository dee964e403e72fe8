/* One frame: skin, shadow map, triangles, shading, and the person laid over the backdrop. */
#include "people.h"

void skin(const Part *part, const float *matrices);

#define SHADOW_SIZE 384

/* Percentage-closer shadow: 1 in the light, 0 in the dark. `spread` widens the kernel, in texels. */
float shadow(const ShadowMap *map, const float *p, float bias, float spread) {
  const float *m = map->toMap;
  float u = dot3(m, p) + m[3] - 0.5f, v = dot3(m + 4, p) + m[7] - 0.5f, d = dot3(m + 8, p) + m[11] - bias;
  if (u < -9 || v < -9 || u > map->size + 8 || v > map->size + 8) return 1;
  float lit = 0, total = 0;
  int taps = spread > 1 ? 2 : 1;
  float step = spread > 1 ? spread * 0.5f : 1;
  for (int j = -taps; j <= taps; j++) for (int i = -taps; i <= taps; i++) {
    float s = u + i * step, t = v + j * step, w = 1.f / (1 + i * i + j * j);
    int x = (int)floorf(s), y = (int)floorf(t);
    float fx = s - x, fy = t - y;
    if (x < 0 || y < 0 || x >= map->size - 1 || y >= map->size - 1) { lit += w; total += w; continue; }
    const float *z = map->depth + y * map->size + x;
    lit += w * (((d <= z[0]) * (1 - fx) + (d <= z[1]) * fx) * (1 - fy)
      + ((d <= z[map->size]) * (1 - fx) + (d <= z[map->size + 1]) * fx) * fy);
    total += w;
  }
  return lit / total;
}

static void draw_depth(const Part *part, const float *m, int size, float *depth) {
  float *q = part->screen;
  for (int i = 0; i < part->vertexCount; i++) {
    const float *p = part->posed + 3 * i;
    for (int r = 0; r < 3; r++) q[3 * i + r] = dot3(m + 4 * r, p) + m[4 * r + 3];
  }
  for (int t = 0; t < part->triangleCount; t++) {
    const int32_t *f = part->faces + 3 * t;
    const float *a = q + 3 * f[0], *b = q + 3 * f[1], *c = q + 3 * f[2];
    float area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    if (fabsf(area) < 1e-9f) continue;
    float inverse = 1 / area;
    int x0 = (int)ceilf(fminf(a[0], fminf(b[0], c[0])) - .5f), x1 = (int)floorf(fmaxf(a[0], fmaxf(b[0], c[0])) - .5f);
    int y0 = (int)ceilf(fminf(a[1], fminf(b[1], c[1])) - .5f), y1 = (int)floorf(fmaxf(a[1], fmaxf(b[1], c[1])) - .5f);
    if (x0 < 0) x0 = 0;
    if (y0 < 0) y0 = 0;
    if (x1 >= size) x1 = size - 1;
    if (y1 >= size) y1 = size - 1;
    for (int y = y0; y <= y1; y++) for (int x = x0; x <= x1; x++) {
      float px = x + .5f, py = y + .5f;
      float w1 = ((px - a[0]) * (c[1] - a[1]) - (py - a[1]) * (c[0] - a[0])) * inverse;
      float w2 = ((b[0] - a[0]) * (py - a[1]) - (b[1] - a[1]) * (px - a[0])) * inverse, w0 = 1 - w1 - w2;
      if (w0 < 0 || w1 < 0 || w2 < 0) continue;
      float d = w0 * a[2] + w1 * b[2] + w2 * c[2], *z = depth + y * size + x;
      if (d < *z) *z = d;
    }
  }
}

static void shadow_map(const Part *parts, int count, const float *direction, ShadowMap *map, float *depth) {
  float lo[3] = {1e9f, 1e9f, 1e9f}, hi[3] = {-1e9f, -1e9f, -1e9f}, centre[3], radius = 0;
  for (int i = 0; i < count; i++) for (int v = 0; v < parts[i].triangleCount; v += 3) {
    const float *p = parts[i].posed + 3 * parts[i].faces[3 * v];
    for (int k = 0; k < 3; k++) { lo[k] = fminf(lo[k], p[k]); hi[k] = fmaxf(hi[k], p[k]); }
  }
  for (int k = 0; k < 3; k++) { centre[k] = (lo[k] + hi[k]) / 2; radius += (hi[k] - lo[k]) * (hi[k] - lo[k]); }
  radius = sqrtf(radius) / 2 * 1.08f + .2f;
  const float *l = direction;
  float up[3] = {0, fabsf(l[1]) < .9f, fabsf(l[1]) >= .9f};
  float right[3] = {up[1] * l[2] - up[2] * l[1], up[2] * l[0] - up[0] * l[2], up[0] * l[1] - up[1] * l[0]};
  float s = 1 / sqrtf(dot3(right, right));
  for (int k = 0; k < 3; k++) right[k] *= s;
  float top[3] = {l[1] * right[2] - l[2] * right[1], l[2] * right[0] - l[0] * right[2], l[0] * right[1] - l[1] * right[0]};
  float scale = SHADOW_SIZE / 2 / radius, *m = map->toMap;
  for (int k = 0; k < 3; k++) { m[k] = right[k] * scale; m[4 + k] = top[k] * scale; m[8 + k] = -l[k]; }
  m[3] = SHADOW_SIZE / 2 - dot3(m, centre);
  m[7] = SHADOW_SIZE / 2 - dot3(m + 4, centre);
  m[11] = -dot3(m + 8, centre);
  map->size = SHADOW_SIZE;
  map->depth = depth;
  for (int i = 0; i < SHADOW_SIZE * SHADOW_SIZE; i++) depth[i] = 1e9f;
  for (int i = 0; i < count; i++) if (!(parts[i].flags & NO_SHADOW)) draw_depth(parts + i, m, SHADOW_SIZE, depth);
}

static float SRGB_TO_LINEAR[256];
static void __attribute__((constructor)) fill_tables(void) {
  for (int i = 0; i < 256; i++) {
    double v = i / 255.0;
    SRGB_TO_LINEAR[i] = (float)(v <= .04045 ? v / 12.92 : pow((v + .055) / 1.055, 2.4));
  }
}

static void sample(const uint8_t *texture, int size, float u, float v, float *out) {
  float x = u * size - .5f, y = v * size - .5f;
  int xi = (int)floorf(x), yi = (int)floorf(y), mask = size - 1;
  float fx = x - xi, fy = y - yi;
  const uint8_t *p[4];
  for (int k = 0; k < 4; k++) p[k] = texture + 4 * (((yi + (k >> 1)) & mask) * size + ((xi + (k & 1)) & mask));
  float w[4] = {(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy};
  for (int c = 0; c < 3; c++) {
    out[c] = 0;
    for (int k = 0; k < 4; k++) out[c] += w[k] * SRGB_TO_LINEAR[p[k][c]];
  }
  out[3] = (w[0] * p[0][3] + w[1] * p[1][3] + w[2] * p[2][3] + w[3] * p[3][3]) * (1 / 255.f);
}

static void shade(const Part *part, const float *p, const float *n, const float *texel, const Camera *camera,
                  const Light *light, const ShadowMap *map, float *out) {
  const float *t = part->tint;
  float albedo[3];
  for (int k = 0; k < 3; k++) albedo[k] = fmaxf(t[3 * k] * texel[0] + t[3 * k + 1] * texel[1] + t[3 * k + 2] * texel[2], 0);
  float e[3] = {camera->eye[0] - p[0], camera->eye[1] - p[1], camera->eye[2] - p[2]};
  float s = 1 / sqrtf(dot3(e, e));
  for (int k = 0; k < 3; k++) e[k] *= s;
  float facing = dot3(n, light->keyDirection), lit = 0, wrapped = (facing + part->wrap) / (1 + part->wrap);
  if (wrapped > 0 || (part->flags & SKIN && facing > -.35f)) lit = shadow(map, p, .22f, 1);
  /* Light bleeds through skin: red reaches further round the terminator than blue. */
  float diffuse[3] = {wrapped, wrapped, wrapped};
  if (part->flags & SKIN) diffuse[0] = (facing + .35f) / 1.35f;
  float up = .5f + .5f * n[1], gloss = 0;
  if (part->gloss > 0 && lit > 0) {
    float h[3];
    for (int k = 0; k < 3; k++) h[k] = e[k] + light->keyDirection[k];
    float nh = dot3(n, h) / sqrtf(dot3(h, h) + 1e-9f);
    if (nh > 0) { nh *= nh; nh *= nh; nh *= nh; nh *= nh; gloss = part->gloss * nh * nh * lit; }
  }
  float edge = 1 - fmaxf(dot3(n, e), 0), back = fmaxf(dot3(n, light->rimDirection) + .2f, 0) / 1.2f;
  back *= .25f + .75f * edge * edge;
  for (int k = 0; k < 3; k++) {
    float d = diffuse[k] > 0 ? diffuse[k] * lit : 0;
    out[k] = albedo[k] * (light->key[k] * d + light->rim[k] * back + light->sky[k] * up + light->ground[k] * (1 - up)) + light->key[k] * gloss;
  }
}

static void draw(const Part *part, uint32_t id, const Camera *camera, float scale, const Light *light, const ShadowMap *map,
                 int W, int H, float *depth, float *colour, uint8_t *labels) {
  float *sc = part->screen;
  for (int i = 0; i < part->vertexCount; i++) {
    const float *p = part->posed + 3 * i;
    float d[3] = {p[0] - camera->eye[0], p[1] - camera->eye[1], p[2] - camera->eye[2]};
    float w = -dot3(camera->rotation + 6, d), f = camera->focal / w;
    sc[3 * i] = scale * (camera->centreX + f * dot3(camera->rotation, d));
    sc[3 * i + 1] = scale * (camera->centreY - f * dot3(camera->rotation + 3, d));
    sc[3 * i + 2] = w;
  }
  for (int t = 0; t < part->triangleCount; t++) {
    const int32_t *v = part->faces + 3 * t, *q = part->uvFaces + 3 * t;
    const float *a = sc + 3 * v[0], *b = sc + 3 * v[1], *c = sc + 3 * v[2];
    if (a[2] < .5f || b[2] < .5f || c[2] < .5f) continue;
    float area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    if (fabsf(area) < 1e-7f) continue;
    int back = area > 0;
    if (back && !(part->flags & TWO_SIDED)) continue;
    float left = fminf(a[0], fminf(b[0], c[0])), right = fmaxf(a[0], fmaxf(b[0], c[0]));
    float top = fminf(a[1], fminf(b[1], c[1])), bottom = fmaxf(a[1], fmaxf(b[1], c[1]));
    if (right < 0 || bottom < 0 || left > W || top > H) continue;
    int x0 = (int)fmaxf(ceilf(left - .5f), 0), x1 = (int)fminf(floorf(right - .5f), W - 1);
    int y0 = (int)fmaxf(ceilf(top - .5f), 0), y1 = (int)fminf(floorf(bottom - .5f), H - 1);
    if (x0 > x1 || y0 > y1) continue;
    const float *ua = part->uv + 2 * q[0], *ub = part->uv + 2 * q[1], *uc = part->uv + 2 * q[2];
    float texels = fabsf((ub[0] - ua[0]) * (uc[1] - ua[1]) - (ub[1] - ua[1]) * (uc[0] - ua[0])) * part->textureSize * part->textureSize;
    int level = (int)floorf(.5f * log2f(fmaxf(texels / fabsf(area), 1e-6f)) + .35f), size = part->textureSize;
    const uint8_t *texture = part->texture;
    for (; level > 0 && size > 4; level--) { texture += 4 * size * size; size >>= 1; }
    float inverse = 1 / area, i0 = 1 / a[2], i1 = 1 / b[2], i2 = 1 / c[2];
    for (int y = y0; y <= y1; y++) for (int x = x0; x <= x1; x++) {
      float px = x + .5f, py = y + .5f;
      float w1 = ((px - a[0]) * (c[1] - a[1]) - (py - a[1]) * (c[0] - a[0])) * inverse;
      float w2 = ((b[0] - a[0]) * (py - a[1]) - (b[1] - a[1]) * (px - a[0])) * inverse, w0 = 1 - w1 - w2;
      if (w0 < 0 || w1 < 0 || w2 < 0) continue;
      w0 *= i0; w1 *= i1; w2 *= i2;
      float d = 1 / (w0 + w1 + w2), *z = depth + y * W + x;
      if (d - part->depthBias >= *z) continue;
      w0 *= d; w1 *= d; w2 *= d;
      float texel[4], p[3], n[3];
      sample(texture, size, w0 * ua[0] + w1 * ub[0] + w2 * uc[0], w0 * ua[1] + w1 * ub[1] + w2 * uc[1], texel);
      if (part->flags & CUTOUT) {
        float threshold = part->flags & DITHERED ? .15f + .7f * hashUnit(x, y, id) : .5f;
        if (texel[3] < threshold) continue;
      }
      const float *pa = part->posed + 3 * v[0], *pb = part->posed + 3 * v[1], *pc = part->posed + 3 * v[2];
      const float *na = part->normals + 3 * v[0], *nb = part->normals + 3 * v[1], *nc = part->normals + 3 * v[2];
      for (int k = 0; k < 3; k++) { p[k] = w0 * pa[k] + w1 * pb[k] + w2 * pc[k]; n[k] = w0 * na[k] + w1 * nb[k] + w2 * nc[k]; }
      float s = 1 / sqrtf(dot3(n, n) + 1e-12f);
      if (back && !(part->flags & HAIR)) s = -s;
      for (int k = 0; k < 3; k++) n[k] *= s;
      *z = d - part->depthBias;
      if (labels) labels[y * W + x] = part->labels ? part->labels[t] : 1;
      shade(part, p, n, texel, camera, light, map, colour + 3 * (y * W + x));
    }
  }
}

/* Hair cards face every way; shading them as the ball they form looks like hair. */
static void round_normals(const Part *part, const float *centre) {
  for (int i = 0; i < part->vertexCount; i++) {
    float *n = part->normals + 3 * i, r[3];
    for (int k = 0; k < 3; k++) r[k] = part->posed[3 * i + k] - centre[k];
    float s = 1 / (sqrtf(dot3(r, r)) + 1e-6f), side = dot3(n, r) < 0 ? -.5f : .5f;
    for (int k = 0; k < 3; k++) n[k] = n[k] * side + r[k] * s;
    s = 1 / sqrtf(dot3(n, n) + 1e-12f);
    for (int k = 0; k < 3; k++) n[k] *= s;
  }
}

/* The label that most samples of a pixel bear, 0 where the place is seen; at a tie the first one met. */
static uint8_t most(const uint8_t *labels, int W2, int x, int y, int samples) {
  int counts[16] = {0}, best = 0;
  for (int j = 0; j < samples; j++) for (int i = 0; i < samples; i++) counts[labels[(y * samples + j) * W2 + x * samples + i] & 15]++;
  for (int k = 1; k < 16; k++) if (counts[k] > counts[best] || (best == 0 && counts[k] && 2 * counts[0] <= samples * samples)) best = k;
  return best;
}

/* Rows of `joints`: x, y, z in the world and the thickness of the flesh before it; of `seen`: x, y in pixels and
   1 in sight, 0.5 hidden behind something, 0 out of the image. feet: x, height, z a foot, for contact shadows.
   tone: 4096 entries over sqrt(linear / 4). soft: the mask tells how much of a pixel the person covers, not whether.
   labels, where wanted: what each pixel shows, 0 the place. */
int render_frame(const Part *parts, int count, const float *matrices, const float *headCentre, const Camera *camera,
                 const Light *light, const Backdrop *backdrop, int H, int W, int samples, float exposure, float softness, int soft,
                 const uint8_t *tone, const float *feet, int jointCount, const float *joints,
                 uint8_t *image, uint8_t *mask, float *seen, uint8_t *labels) {
  int W2 = W * samples, H2 = H * samples, covered = 0;
  float *depth = malloc(sizeof(float) * W2 * H2), *colour = malloc(sizeof(float) * 3 * W2 * H2);
  float *lightDepth = malloc(sizeof(float) * SHADOW_SIZE * SHADOW_SIZE);
  uint8_t *whose = labels ? calloc(W2 * H2, 1) : NULL;
  if (!depth || !colour || !lightDepth || (labels && !whose)) { free(depth); free(colour); free(lightDepth); free(whose); return -1; }
  for (int i = 0; i < count; i++) {
    skin(parts + i, matrices);
    if (parts[i].flags & HAIR) round_normals(parts + i, headCentre);
  }
  ShadowMap map;
  shadow_map(parts, count, light->keyDirection, &map, lightDepth);
  for (int i = 0; i < W2 * H2; i++) depth[i] = 1e9f;
  for (int i = 0; i < count; i++) draw(parts + i, i, camera, samples, light, &map, W2, H2, depth, colour, whose);
  for (int y = 0; y < H; y++) for (int x = 0; x < W; x++) {
    float sum[3] = {0, 0, 0};
    int hits = 0, pixel = y * W + x;
    for (int j = 0; j < samples; j++) for (int i = 0; i < samples; i++) {
      int at = (y * samples + j) * W2 + x * samples + i;
      if (depth[at] >= 1e8f) continue;
      hits++;
      for (int k = 0; k < 3; k++) sum[k] += colour[3 * at + k];
    }
    if (hits < samples * samples) {
      float lit = 1, contact = 1;
      if (backdrop->receives[pixel]) {
        const float *p = backdrop->position + 3 * pixel;
        lit = shadow(&map, p, .1f, softness);
        if (p[1] < .01f) for (int f = 0; f < 2; f++) {
          float dx = p[0] - feet[3 * f], dz = p[2] - feet[3 * f + 2], lift = 1 + 3 * fmaxf(feet[3 * f + 1], 0);
          contact *= 1 - .5f / lift * expf(-(dx * dx + dz * dz) / (1.1f * lift));
        }
      }
      for (int k = 0; k < 3; k++)
        sum[k] += (samples * samples - hits) * contact * (backdrop->ambient[3 * pixel + k] + lit * backdrop->direct[3 * pixel + k]);
    }
    covered += 2 * hits >= samples * samples;
    mask[pixel] = soft ? 255 * hits / (samples * samples) : 2 * hits >= samples * samples ? 255 : 0;
    if (labels) labels[pixel] = most(whose, W2, x, y, samples);
    for (int k = 0; k < 3; k++) {
      float v = sqrtf(fmaxf(sum[k] * exposure / (samples * samples), 0) * .25f) * 4095 + .5f;
      image[3 * pixel + k] = tone[v > 4095 ? 4095 : (int)v];
    }
  }
  for (int i = 0; i < jointCount; i++) {
    const float *p = joints + 4 * i;
    float d[3] = {p[0] - camera->eye[0], p[1] - camera->eye[1], p[2] - camera->eye[2]};
    float w = -dot3(camera->rotation + 6, d), f = camera->focal / w;
    float x = camera->centreX + f * dot3(camera->rotation, d), y = camera->centreY - f * dot3(camera->rotation + 3, d);
    seen[3 * i] = x;
    seen[3 * i + 1] = y;
    seen[3 * i + 2] = 0;
    if (w < .5f || x < 0 || y < 0 || x >= W || y >= H) continue;
    float front = depth[(int)(y * samples) * W2 + (int)(x * samples)];
    seen[3 * i + 2] = w - front < p[3] ? 1 : .5f;
  }
  free(depth); free(colour); free(lightDepth); free(whose);
  return covered;
}

/* Which place of the person's surface each pixel shows, and where another picture of the same person shows that place. */
#include "people.h"

typedef struct { int32_t part, triangle; float b, c; } Surface; /* part -1: nobody; weights of the triangle's second and third corner */

/* A part's vertices in pixels and distance, as it stands posed now. */
void project_part(const Part *part, const Camera *camera, float *screen) {
  for (int i = 0; i < part->vertexCount; i++) {
    const float *p = part->posed + 3 * i;
    float d[3] = {p[0] - camera->eye[0], p[1] - camera->eye[1], p[2] - camera->eye[2]};
    float w = -dot3(camera->rotation + 6, d), f = camera->focal / w;
    screen[3 * i] = camera->centreX + f * dot3(camera->rotation, d);
    screen[3 * i + 1] = camera->centreY - f * dot3(camera->rotation + 3, d);
    screen[3 * i + 2] = w;
  }
}

static float opacity(const Part *part, float u, float v) {
  int size = part->textureSize, mask = size - 1;
  int x = (int)floorf(u * size), y = (int)floorf(v * size);
  return part->texture[4 * ((y & mask) * size + (x & mask)) + 3] / 255.f;
}

/* screens: each part's projected vertices. Fills `surfaces` and `depth` (H * W). */
void draw_surfaces(const Part *parts, int count, float *const *screens, int H, int W, float *depth, Surface *surfaces) {
  for (int i = 0; i < H * W; i++) { depth[i] = 1e9f; surfaces[i].part = -1; }
  for (int n = 0; n < count; n++) {
    const Part *part = parts + n;
    const float *screen = screens[n];
    for (int t = 0; t < part->triangleCount; t++) {
      const int32_t *v = part->faces + 3 * t, *q = part->uvFaces + 3 * t;
      const float *a = screen + 3 * v[0], *b = screen + 3 * v[1], *c = screen + 3 * v[2];
      if (a[2] < .5f || b[2] < .5f || c[2] < .5f) continue;
      float area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
      if (fabsf(area) < 1e-7f || (area > 0 && !(part->flags & TWO_SIDED))) continue;
      int x0 = (int)fmaxf(ceilf(fminf(a[0], fminf(b[0], c[0])) - .5f), 0), y0 = (int)fmaxf(ceilf(fminf(a[1], fminf(b[1], c[1])) - .5f), 0);
      int x1 = (int)fminf(floorf(fmaxf(a[0], fmaxf(b[0], c[0])) - .5f), W - 1);
      int y1 = (int)fminf(floorf(fmaxf(a[1], fmaxf(b[1], c[1])) - .5f), H - 1);
      float inverse = 1 / area, ia = 1 / a[2], ib = 1 / b[2], ic = 1 / c[2];
      const float *ua = part->uv + 2 * q[0], *ub = part->uv + 2 * q[1], *uc = part->uv + 2 * q[2];
      for (int y = y0; y <= y1; y++) for (int x = x0; x <= x1; x++) {
        float px = x + .5f, py = y + .5f;
        float wb = ((px - a[0]) * (c[1] - a[1]) - (py - a[1]) * (c[0] - a[0])) * inverse;
        float wc = ((b[0] - a[0]) * (py - a[1]) - (b[1] - a[1]) * (px - a[0])) * inverse, wa = 1 - wb - wc;
        if (wa < 0 || wb < 0 || wc < 0) continue;
        float d = 1 / (wa * ia + wb * ib + wc * ic), *z = depth + y * W + x;
        if (d - part->depthBias >= *z) continue;
        wa *= ia * d; wb *= ib * d; wc *= ic * d;
        if (part->flags & CUTOUT && opacity(part, wa * ua[0] + wb * ub[0] + wc * uc[0], wa * ua[1] + wb * ub[1] + wc * uc[1]) < .5f) continue;
        *z = d - part->depthBias;
        surfaces[y * W + x] = (Surface){n, t, wb, wc};
      }
    }
  }
}

/* For every pixel of one picture: x, y in pixels where the other one shows its surface (sources, 2 floats), and
   0 nobody, 1 a surface that the other picture hides or lacks, 2 one that it shows. `near`: how far apart two depths
   of one surface may be. */
void trace_surfaces(const Part *parts, const Surface *surfaces, float *const *screens, const float *depth, int H, int W,
                    float near, float *sources, uint8_t *seen) {
  for (int i = 0; i < H * W; i++) {
    sources[2 * i] = sources[2 * i + 1] = 0;
    seen[i] = 0;
    const Surface *s = surfaces + i;
    if (s->part < 0) continue;
    const int32_t *v = parts[s->part].faces + 3 * s->triangle;
    const float *screen = screens[s->part], a = 1 - s->b - s->c;
    float at[3];
    /* Weights of places in space: on the screen each counts by its distance too. */
    const float *p = screen + 3 * v[0], *q = screen + 3 * v[1], *r = screen + 3 * v[2];
    at[2] = a * p[2] + s->b * q[2] + s->c * r[2];
    for (int k = 0; k < 2; k++) at[k] = (a * p[k] * p[2] + s->b * q[k] * q[2] + s->c * r[k] * r[2]) / at[2];
    seen[i] = 1;
    sources[2 * i] = at[0];
    sources[2 * i + 1] = at[1];
    if (at[2] < .5f) { seen[i] = 0; continue; }
    if (at[0] < 0 || at[1] < 0 || at[0] >= W || at[1] >= H) continue;
    int x = (int)at[0], y = (int)at[1];
    /* The nearest of the pixels around: a silhouette falls between two of them. */
    for (int j = -1; j <= 1; j++) for (int k = -1; k <= 1; k++) {
      int u = x + k < 0 ? 0 : x + k >= W ? W - 1 : x + k, w = y + j < 0 ? 0 : y + j >= H ? H - 1 : y + j;
      if (fabsf(depth[w * W + u] - (at[2] - parts[s->part].depthBias)) < near) seen[i] = 2;
    }
  }
}

/* The place without anybody. */
void draw_empty(const Backdrop *backdrop, int H, int W, float exposure, const uint8_t *tone, uint8_t *image) {
  for (int i = 0; i < 3 * H * W; i++) {
    float v = sqrtf(fmaxf((backdrop->ambient[i] + backdrop->direct[i]) * exposure, 0) * .25f) * 4095 + .5f;
    image[i] = tone[v > 4095 ? 4095 : (int)v];
  }
}

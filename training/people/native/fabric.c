/* Garment textures: recoloured or rewoven, with prints on the chest, baked into the garment's own UV layout. */
#include "people.h"

enum { PLAIN, STRIPES_ACROSS, STRIPES_DOWN, CHECKS, DOTS, CAMOUFLAGE, GRADIENT, BLOCKS, MELANGE, HERRINGBONE };

typedef struct {
  int32_t woven;      /* 0: the texture's own colours through `matrix`; 1: `pattern` in `colours`, shaded by the texture's folds */
  int32_t pattern, seed;
  float matrix[9], colours[9]; /* three colours for woven cloth */
  float scale, balance, grain, folds;
} Cloth;

/* A print sits in the rest pose's x, y plane on the front (or back) of the garment. */
typedef struct { const uint8_t *pixels; int32_t size; float centreX, centreY, halfWidth, halfHeight; int32_t front; } Print;

/* 1 where the fraction of x is below `on`, with edges `width` wide. */
static float pulse(float x, float on, float width) {
  float f = x - floorf(x), inside = f < on ? fminf(f, on - f) : -fminf(f - on, 1 - f);
  return clampf(inside / width + .5f, 0, 1);
}

/* texel: the cloth that one texel covers, in dm. */
static void pattern_colour(const Cloth *cloth, const float *p, float texel, float *out) {
  float x = p[0] * cloth->scale, y = p[1] * cloth->scale, z = p[2] * cloth->scale, pick = 0, b = cloth->balance;
  float edge = fmaxf(texel * cloth->scale, 1e-3f);
  float around = x + .6f * z;
  switch (cloth->pattern) {
    case STRIPES_ACROSS: pick = pulse(y, b, edge); if (b < .3f && fmodf(floorf(y) + 1000, 3) == 0) pick *= 2; break;
    case STRIPES_DOWN: pick = pulse(around, b, edge); break;
    case CHECKS: {
      float u = pulse(around, b, edge), v = pulse(y, b, edge), thin = fmaxf(pulse(around + .2f, .08f, edge), pulse(y + .2f, .08f, edge));
      pick = .5f * (u + v); pick += (2 - pick) * thin; break;
    }
    case DOTS: {
      float row = floorf(y), u = around + .5f * fmodf(row + 1000, 2), cx = u - floorf(u) - .5f, cy = y - row - .5f;
      pick = clampf((b * .45f - sqrtf(cx * cx + cy * cy)) / edge + .5f, 0, 1); break;
    }
    case CAMOUFLAGE: {
      float n = fractalNoise(around * .7f, y * .7f, 3, cloth->seed), m = fractalNoise(around * .9f + 40, y * .9f, 3, cloth->seed + 7);
      pick = n > .55f ? 1 : m > .56f ? 2 : 0; break;
    }
    case GRADIENT: pick = clampf((p[1] - 1) / 4 * .8f + b * .4f, 0, 1); break;
    case BLOCKS: pick = p[1] > 2.4f + 2.6f * b ? 1 : fabsf(p[0]) > 2.0f ? 2 : 0; break;
    case MELANGE: pick = fractalNoise(p[0] * 9 + p[2] * 5, p[1] * 3, 2, cloth->seed); break;
    case HERRINGBONE: {
      float u = around - floorf(around), v = y + (u < .5f ? u : 1 - u) * 1.2f;
      pick = pulse(v, .5f, edge); break;
    }
    default: break;
  }
  int base = pick > 1 ? 1 : 0;
  float t = pick - base;
  for (int k = 0; k < 3; k++) out[k] = cloth->colours[3 * base + k] * (1 - t) + cloth->colours[3 * base + 3 + k] * t;
}

static float DECODE[256];
static uint8_t ENCODE[4096]; /* over the square root, for even steps in the dark */
static void __attribute__((constructor)) fill_tables(void) {
  for (int i = 0; i < 256; i++) {
    double v = i / 255.0;
    DECODE[i] = (float)(v <= .04045 ? v / 12.92 : pow((v + .055) / 1.055, 2.4));
  }
  for (int i = 0; i < 4096; i++) {
    double v = (i / 4095.0) * (i / 4095.0);
    ENCODE[i] = (uint8_t)(255 * (v <= .0031308 ? v * 12.92 : 1.055 * pow(v, 1 / 2.4) - .055) + .5);
  }
}

static void encode(const float *linear, uint8_t *out) {
  for (int k = 0; k < 3; k++) out[k] = ENCODE[(int)(sqrtf(clampf(linear[k], 0, 1)) * 4095 + .5f)];
}

/* Bilinear, premultiplied, linear. */
static void print_colour(const Print *print, float u, float v, float *out) {
  float x = u * print->size - .5f, y = v * print->size - .5f;
  int xi = (int)floorf(x), yi = (int)floorf(y), last = print->size - 1;
  float fx = x - xi, fy = y - yi;
  for (int k = 0; k < 4; k++) out[k] = 0;
  for (int i = 0; i < 4; i++) {
    int px = xi + (i & 1), py = yi + (i >> 1);
    if (px < 0 || py < 0 || px > last || py > last) continue;
    const uint8_t *p = print->pixels + 4 * (py * print->size + px);
    float w = (i & 1 ? fx : 1 - fx) * (i >> 1 ? fy : 1 - fy) * p[3] / 255.f;
    for (int k = 0; k < 3; k++) out[k] += w * DECODE[p[k]];
    out[3] += w;
  }
}

/* source: RGBA, sRGB; occlusion: 8 bit folds; rest: a position per vertex; cloths: one per component. */
void bake_cloth(const uint8_t *source, const uint8_t *occlusion, int size, int triangles, const float *uv, const int32_t *faces,
                const int32_t *uvFaces, const float *rest, const uint8_t *components, const Cloth *cloths,
                const Print *prints, int printCount, uint8_t *out) {
  memcpy(out, source, 4 * (size_t)size * size);
  uint8_t *filled = calloc((size_t)size * size, 1);
  const float gutter = 1.5f; /* texels past a triangle's edge that bilinear lookups can reach */
  for (int t = 0; t < triangles; t++) {
    const Cloth *cloth = cloths + components[t];
    float a[2], b[2], c[2];
    for (int k = 0; k < 2; k++) {
      a[k] = uv[2 * uvFaces[3 * t] + k] * size; b[k] = uv[2 * uvFaces[3 * t + 1] + k] * size; c[k] = uv[2 * uvFaces[3 * t + 2] + k] * size;
    }
    float area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
    if (fabsf(area) < 1e-4f) continue;
    float longest = 0;
    const float *corners[3] = {a, b, c};
    for (int k = 0; k < 3; k++) {
      float dx = corners[k][0] - corners[(k + 1) % 3][0], dy = corners[k][1] - corners[(k + 1) % 3][1];
      longest = fmaxf(longest, dx * dx + dy * dy);
    }
    float slack = gutter * sqrtf(longest) / fabsf(area), inverse = 1 / area;
    int x0 = (int)floorf(fminf(a[0], fminf(b[0], c[0])) - gutter), x1 = (int)ceilf(fmaxf(a[0], fmaxf(b[0], c[0])) + gutter);
    int y0 = (int)floorf(fminf(a[1], fminf(b[1], c[1])) - gutter), y1 = (int)ceilf(fmaxf(a[1], fmaxf(b[1], c[1])) + gutter);
    if (x0 < 0) x0 = 0;
    if (y0 < 0) y0 = 0;
    if (x1 >= size) x1 = size - 1;
    if (y1 >= size) y1 = size - 1;
    const float *ra = rest + 3 * faces[3 * t], *rb = rest + 3 * faces[3 * t + 1], *rc = rest + 3 * faces[3 * t + 2];
    float e[3], f[3], across[3];
    for (int k = 0; k < 3; k++) { e[k] = rb[k] - ra[k]; f[k] = rc[k] - ra[k]; }
    for (int k = 0; k < 3; k++) across[k] = e[(k + 1) % 3] * f[(k + 2) % 3] - e[(k + 2) % 3] * f[(k + 1) % 3];
    float texel = sqrtf(sqrtf(dot3(across, across)) / fabsf(area)), normalZ = across[2];
    for (int y = y0; y <= y1; y++) for (int x = x0; x <= x1; x++) {
      float px = x + .5f, py = y + .5f;
      float w1 = ((px - a[0]) * (c[1] - a[1]) - (py - a[1]) * (c[0] - a[0])) * inverse;
      float w2 = ((b[0] - a[0]) * (py - a[1]) - (b[1] - a[1]) * (px - a[0])) * inverse, w0 = 1 - w1 - w2;
      if (w0 < -slack || w1 < -slack || w2 < -slack) continue;
      int inside = w0 >= 0 && w1 >= 0 && w2 >= 0, at = y * size + x;
      if (!inside && filled[at]) continue;
      filled[at] |= inside;
      float p[3], colour[3];
      for (int k = 0; k < 3; k++) p[k] = w0 * ra[k] + w1 * rb[k] + w2 * rc[k];
      const uint8_t *s = source + 4 * at;
      if (cloth->woven) {
        pattern_colour(cloth, p, texel, colour);
        float fold = 1 - cloth->folds * (1 - occlusion[at] / 255.f), grain = 1 + cloth->grain * (hashUnit(x, y, cloth->seed) - .5f);
        for (int k = 0; k < 3; k++) colour[k] *= fold * grain;
      } else {
        float own[3] = {DECODE[s[0]], DECODE[s[1]], DECODE[s[2]]};
        float fold = 1 - .5f * (1 - occlusion[at] / 255.f);
        for (int k = 0; k < 3; k++) colour[k] = fmaxf(dot3(cloth->matrix + 3 * k, own), 0) * fold;
      }
      for (int i = 0; i < printCount; i++) {
        const Print *print = prints + i;
        if ((normalZ > 0) != print->front) continue;
        float u = (p[0] - print->centreX) / print->halfWidth * (print->front ? .5f : -.5f) + .5f, v = .5f - (p[1] - print->centreY) / print->halfHeight * .5f;
        if (u < 0 || v < 0 || u >= 1 || v >= 1) continue;
        float ink[4];
        print_colour(print, u, v, ink);
        float fold = .6f + .4f * occlusion[at] / 255.f;
        for (int k = 0; k < 3; k++) colour[k] += ink[k] * fold - ink[3] * colour[k];
      }
      encode(colour, out + 4 * at);
      out[4 * at + 3] = s[3];
    }
  }
  free(filled);
}

/* Fills the levels after the first of a mip chain (down to 4x4), from premultiplied linear colour. */
void fill_mips(uint8_t *chain, int size) {
  for (; size > 4; size >>= 1) {
    uint8_t *next = chain + 4 * (size_t)size * size;
    int half = size >> 1;
    for (int y = 0; y < half; y++) for (int x = 0; x < half; x++) {
      float sum[3] = {0, 0, 0}, alpha = 0, weight = 0;
      for (int k = 0; k < 4; k++) {
        const uint8_t *p = chain + 4 * ((2 * y + (k >> 1)) * size + 2 * x + (k & 1));
        float w = p[3] + .25f; /* transparent texels still lend their colour where nothing else does */
        for (int c = 0; c < 3; c++) sum[c] += w * DECODE[p[c]];
        weight += w;
        alpha += p[3];
      }
      for (int c = 0; c < 3; c++) sum[c] /= weight;
      uint8_t *o = next + 4 * (y * half + x);
      encode(sum, o);
      o[3] = (uint8_t)(alpha / 4 + .5f);
    }
    chain = next;
  }
}

/* What Python and C share. Lengths in decimetres, y up; colours are linear. */
#ifndef PEOPLE_H
#define PEOPLE_H
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { TWO_SIDED = 1, CUTOUT = 2, DITHERED = 4, HAIR = 8, NO_SHADOW = 16, SKIN = 32 };

typedef struct {
  int32_t vertexCount, triangleCount;
  const float *rest, *uv;
  const int32_t *faces, *uvFaces;
  const uint8_t *bones; /* four bones a vertex, and their weights */
  const float *weights;
  const uint8_t *texture; /* RGBA mip chain of a square power-of-two texture */
  int32_t textureSize, flags;
  float tint[9];
  float gloss, wrap, depthBias;
  float *posed, *normals, *screen; /* scratch, three floats a vertex */
  const uint8_t *labels; /* what each triangle is of; none: 1 */
} Part;

typedef struct {
  float eye[3], rotation[9]; /* rows: right, up, backwards */
  float focal, centreX, centreY; /* in output pixels */
} Camera;

typedef struct {
  float keyDirection[3], key[3];
  float rimDirection[3], rim[3];
  float sky[3], ground[3];
} Light;

/* A backdrop is split so that a moving person's shadow can fall on it while all else stays still. */
typedef struct {
  float *ambient, *direct; /* H*W*3: what shadows leave, and what they take */
  float *position;         /* H*W*3: the point seen, for pixels that shadows can reach */
  uint8_t *receives;
} Backdrop;

typedef struct { int size; const float *depth; float toMap[12]; } ShadowMap;

float shadow(const ShadowMap *map, const float *p, float bias, float spread);
static inline float dot3(const float *a, const float *b) { return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]; }
static inline float clampf(float x, float lo, float hi) { return x < lo ? lo : x > hi ? hi : x; }
static inline float smooth(float x) { x = clampf(x, 0, 1); return x * x * (3 - 2 * x); }
static inline uint32_t hash32(uint32_t x) {
  x ^= x >> 16; x *= 0x7feb352dU; x ^= x >> 15; x *= 0x846ca68bU; return x ^ (x >> 16);
}
static inline float hashUnit(int32_t x, int32_t y, uint32_t seed) {
  return (hash32((uint32_t)x * 0x9e3779b1U ^ hash32((uint32_t)y + seed * 0x85ebca6bU)) >> 8) * (1.f / 16777216.f);
}
float valueNoise(float x, float y, uint32_t seed);
float fractalNoise(float x, float y, int octaves, uint32_t seed);
#endif

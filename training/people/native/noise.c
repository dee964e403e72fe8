#include "people.h"

float valueNoise(float x, float y, uint32_t seed) {
  int xi = (int)floorf(x), yi = (int)floorf(y);
  float fx = smooth(x - xi), fy = smooth(y - yi);
  float a = hashUnit(xi, yi, seed), b = hashUnit(xi + 1, yi, seed), c = hashUnit(xi, yi + 1, seed), d = hashUnit(xi + 1, yi + 1, seed);
  return a + (b - a) * fx + (c - a) * fy + (a - b - c + d) * fx * fy;
}

/* About 0.5 on average. */
float fractalNoise(float x, float y, int octaves, uint32_t seed) {
  float sum = 0, weight = .5f, total = 0;
  for (int i = 0; i < octaves; i++) {
    sum += weight * valueNoise(x, y, seed + i * 101);
    total += weight;
    weight *= .55f; x = x * 2.03f + 17; y = y * 2.03f + 31;
  }
  return sum / total;
}

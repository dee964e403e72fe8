/* Skinning, forward kinematics and the self-collision test. */
#include "people.h"

void skin(const Part *part, const float *matrices) {
  for (int i = 0; i < part->vertexCount; i++) {
    float m[12] = {0};
    for (int k = 0; k < 4; k++) {
      float w = part->weights[4 * i + k];
      if (w == 0) continue;
      const float *bone = matrices + 12 * part->bones[4 * i + k];
      for (int j = 0; j < 12; j++) m[j] += w * bone[j];
    }
    const float *p = part->rest + 3 * i;
    for (int r = 0; r < 3; r++) part->posed[3 * i + r] = dot3(m + 4 * r, p) + m[4 * r + 3];
  }
  float *n = part->normals;
  memset(n, 0, sizeof(float) * 3 * part->vertexCount);
  for (int t = 0; t < part->triangleCount; t++) {
    const int32_t *f = part->faces + 3 * t;
    const float *a = part->posed + 3 * f[0], *b = part->posed + 3 * f[1], *c = part->posed + 3 * f[2];
    float u[3], v[3];
    for (int k = 0; k < 3; k++) { u[k] = b[k] - a[k]; v[k] = c[k] - a[k]; }
    float x = u[1] * v[2] - u[2] * v[1], y = u[2] * v[0] - u[0] * v[2], z = u[0] * v[1] - u[1] * v[0];
    for (int j = 0; j < 3; j++) { float *o = n + 3 * f[j]; o[0] += x; o[1] += y; o[2] += z; }
  }
  for (int i = 0; i < part->vertexCount; i++) {
    float *o = n + 3 * i, s = 1 / sqrtf(dot3(o, o) + 1e-20f);
    o[0] *= s; o[1] *= s; o[2] *= s;
  }
}

/* rotations: 3x3 a bone about its head, in the rest pose's world axes; out: 3x4 a bone. Parents come first. */
void forward_kinematics(int bones, const int32_t *parents, const double *heads, const double *rotations, double *out) {
  for (int i = 0; i < bones; i++) {
    const double *r = rotations + 9 * i, *h = heads + 3 * i;
    double local[12];
    for (int a = 0; a < 3; a++) {
      for (int b = 0; b < 3; b++) local[4 * a + b] = r[3 * a + b];
      local[4 * a + 3] = h[a] - (r[3 * a] * h[0] + r[3 * a + 1] * h[1] + r[3 * a + 2] * h[2]);
    }
    double *m = out + 12 * i;
    if (parents[i] < 0) { memcpy(m, local, sizeof local); continue; }
    const double *p = out + 12 * parents[i];
    for (int a = 0; a < 3; a++) for (int b = 0; b < 4; b++) {
      double s = b == 3 ? p[4 * a + 3] : 0;
      for (int k = 0; k < 3; k++) s += p[4 * a + k] * local[4 * k + b];
      m[4 * a + b] = s;
    }
  }
}

static double distance_to_segment(const double *p, const double *a, const double *b) {
  double ab[3], ap[3], l = 0, t = 0, d = 0;
  for (int k = 0; k < 3; k++) { ab[k] = b[k] - a[k]; ap[k] = p[k] - a[k]; l += ab[k] * ab[k]; t += ab[k] * ap[k]; }
  t = l > 0 ? fmin(fmax(t / l, 0), 1) : 0;
  for (int k = 0; k < 3; k++) { double e = ap[k] - t * ab[k]; d += e * e; }
  return sqrt(d);
}

/* How deep (dm) any probe point sits inside the torso's slices or a capsule; 0 when the pose is free of collisions.
   slices: count x (centre x, half width, centre z, half depth) over y0..y1 of the rest pose;
   toRest: the inverse bone matrices (3x4) in which the slices are tested; probes: x, y, z, radius;
   capsules: two ends and a radius. */
double penetration(int sliceCount, const double *slices, double y0, double y1, int restCount, const double *toRest,
                   int probeCount, const double *probes, int capsuleCount, const double *capsules) {
  double worst = 0;
  for (int i = 0; i < probeCount; i++) {
    const double *p = probes + 4 * i;
    for (int j = 0; j < restCount; j++) {
      const double *m = toRest + 12 * j;
      double q[3];
      for (int k = 0; k < 3; k++) q[k] = m[4 * k] * p[0] + m[4 * k + 1] * p[1] + m[4 * k + 2] * p[2] + m[4 * k + 3];
      if (q[1] <= y0 || q[1] >= y1) continue;
      const double *s = slices + 4 * (int)((q[1] - y0) / (y1 - y0) * sliceCount * 0.9999);
      double x = (q[0] - s[0]) / (s[1] + p[3]), z = (q[2] - s[2]) / (s[3] + p[3]), d = sqrt(x * x + z * z);
      if (d < 1) worst = fmax(worst, (1 - d) * (fmin(s[1], s[3]) + p[3]));
    }
    for (int j = 0; j < capsuleCount; j++) {
      const double *c = capsules + 7 * j;
      worst = fmax(worst, c[6] + p[3] - distance_to_segment(p, c, c + 3));
    }
  }
  return worst;
}

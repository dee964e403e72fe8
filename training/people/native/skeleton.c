/* The skeleton image that the pose encoder sees. The app draws the very same pixels: every step is in double, and
   the order of operations is part of the format. Compiled without fast-math for that reason. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static const int LIMBS[17][2] = {{1, 2}, {1, 5}, {2, 3}, {3, 4}, {5, 6}, {6, 7}, {1, 8}, {8, 9}, {9, 10},
  {1, 11}, {11, 12}, {12, 13}, {1, 0}, {0, 14}, {14, 16}, {0, 15}, {15, 17}};
static const double COLOURS[18][3] = {{255, 0, 0}, {255, 85, 0}, {255, 170, 0}, {255, 255, 0}, {170, 255, 0}, {85, 255, 0},
  {0, 255, 0}, {0, 255, 85}, {0, 255, 170}, {0, 255, 255}, {0, 170, 255}, {0, 85, 255}, {0, 0, 255}, {85, 0, 255},
  {170, 0, 255}, {255, 0, 255}, {255, 0, 170}, {255, 0, 85}};

static void blend(double *pixel, const double *colour, double strength, double distance) {
  double c = 0.5 - distance;
  if (c <= 0) return;
  if (c > 1) c = 1;
  for (int k = 0; k < 3; k++) pixel[k] = pixel[k] + (colour[k] * strength - pixel[k]) * c;
}

/* The pixels within `reach` of (x, y). */
static void bounds(double x, double y, double reach, int W, int H, int *box) {
  box[0] = (int)fmax(floor(x - reach), 0);
  box[1] = (int)fmin(ceil(x + reach), W - 1);
  box[2] = (int)fmax(floor(y - reach), 0);
  box[3] = (int)fmin(ceil(y + reach), H - 1);
}

/* joints: 18 x (x, y, score); canvas: H*W*3 scratch; image: H*W*3. */
void draw_skeleton(const double *joints, int W, int H, double limbWidth, double jointRadius, double *canvas, uint8_t *image) {
  double unit = (W < H ? W : H) / 512.0, b = limbWidth * unit, radius = jointRadius * unit;
  int box[4];
  for (int i = 0; i < W * H * 3; i++) canvas[i] = 0;
  for (int i = 0; i < 17; i++) {
    const double *from = joints + 3 * LIMBS[i][0], *to = joints + 3 * LIMBS[i][1];
    if (!(from[2] > 0 && to[2] > 0)) continue;
    double dx = to[0] - from[0], dy = to[1] - from[1], length = sqrt(dx * dx + dy * dy);
    double ux = length > 0 ? dx / length : 1, uy = length > 0 ? dy / length : 0;
    double cx = (from[0] + to[0]) / 2, cy = (from[1] + to[1]) / 2, a = length / 2 > b ? length / 2 : b;
    /* The distance is a first-order estimate: past the tips of a thin ellipse it falls short, by up to a / 8b^2. */
    bounds(cx, cy, a + a / (4 * b * b) + 2, W, H, box);
    for (int y = box[2]; y <= box[3]; y++) for (int x = box[0]; x <= box[1]; x++) {
      double ox = x + 0.5 - cx, oy = y + 0.5 - cy;
      double p = ox * ux + oy * uy, q = oy * ux - ox * uy;
      double k = sqrt((p / a) * (p / a) + (q / b) * (q / b));
      double g = sqrt((p / (a * a)) * (p / (a * a)) + (q / (b * b)) * (q / (b * b)));
      blend(canvas + 3 * (y * W + x), COLOURS[i], 0.6, k == 0 ? -b : k * (k - 1) / g);
    }
  }
  for (int j = 0; j < 18; j++) {
    const double *p = joints + 3 * j;
    if (!(p[2] > 0)) continue;
    bounds(p[0], p[1], radius + 2, W, H, box);
    for (int y = box[2]; y <= box[3]; y++) for (int x = box[0]; x <= box[1]; x++) {
      double ox = x + 0.5 - p[0], oy = y + 0.5 - p[1];
      blend(canvas + 3 * (y * W + x), COLOURS[j], 1.0, sqrt(ox * ox + oy * oy) - radius);
    }
  }
  for (int i = 0; i < W * H * 3; i++) image[i] = (uint8_t)floor(canvas[i] + 0.5);
}

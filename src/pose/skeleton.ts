/**
 * The skeleton as the pose encoder sees it. The networks are trained on pictures drawn by this very algorithm, so it
 * computes every pixel itself, in float64 with nothing but + - * / and square roots: the same bytes on every machine.
 */
import { COLOURS, type Colour, JOINT_COUNT, LIMBS } from './anatomy.ts';
import { isSeen, jointX, jointY } from './body.ts';
import type { Pose, SkeletonStyle } from './types.ts';

/** OpenPose's own thickness. */
export const OPENPOSE_STYLE: SkeletonStyle = { limbWidth: 4, jointRadius: 4 };

const LIMB_BRIGHTNESS = 0.6;
/** The styles' unit: pixels of a picture whose shorter side is this long. */
const STYLE_SIDE = 512;

/** RGB bytes, row by row, of the pose's own picture size; black where there is no skeleton. */
export function drawSkeleton(pose: Pose, style: SkeletonStyle): Uint8Array {
  const canvas: Canvas = {
    width: pose.width,
    height: pose.height,
    values: new Float64Array(pose.width * pose.height * 3),
  };
  const unit = Math.min(pose.width, pose.height) / STYLE_SIDE;
  LIMBS.forEach(([from, to], index) => {
    if (isSeen(pose, from) && isSeen(pose, to)) {
      drawLimb(canvas, pose, from, to, style.limbWidth * unit, colourOf(index, LIMB_BRIGHTNESS));
    }
  });
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    if (isSeen(pose, joint)) drawJoint(canvas, pose, joint, style.jointRadius * unit, colourOf(joint, 1));
  }
  return rounded(canvas.values);
}

/** A plain loop: `Uint8Array.from` with a function takes longer than all of the drawing. */
function rounded(values: Float64Array): Uint8Array {
  const bytes = new Uint8Array(values.length);
  for (let i = 0; i < values.length; i++) bytes[i] = (values[i] as number) + 0.5;
  return bytes;
}

interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly values: Float64Array;
}

function colourOf(index: number, brightness: number): Colour {
  const [red, green, blue] = COLOURS[index] as Colour;
  return [red * brightness, green * brightness, blue * brightness];
}

/** An ellipse from joint to joint. Its edge is soft over one pixel, by the distance to first order. */
function drawLimb(canvas: Canvas, pose: Pose, from: number, to: number, b: number, colour: Colour): void {
  const x1 = jointX(pose, from);
  const y1 = jointY(pose, from);
  const dx = jointX(pose, to) - x1;
  const dy = jointY(pose, to) - y1;
  const length = Math.sqrt(dx * dx + dy * dy);
  const ux = length === 0 ? 1 : dx / length;
  const uy = length === 0 ? 0 : dy / length;
  const centreX = (x1 + jointX(pose, to)) / 2;
  const centreY = (y1 + jointY(pose, to)) / 2;
  const a = Math.max(length / 2, b);
  // The distance is at least (k - 1) * b, so that nothing is covered beyond k = 1 + 0.5 / b.
  const reachX = Math.abs(ux) * a * (1 + 0.5 / b) + Math.abs(uy) * (b + 0.5);
  const reachY = Math.abs(uy) * a * (1 + 0.5 / b) + Math.abs(ux) * (b + 0.5);
  paint(canvas, centreX, centreY, reachX, reachY, colour, (x, y) => {
    const p = x * ux + y * uy;
    const q = y * ux - x * uy;
    const pa = p / a;
    const qb = q / b;
    const k = Math.sqrt(pa * pa + qb * qb);
    if (k === 0) return -b;
    const ga = p / (a * a);
    const gb = q / (b * b);
    return (k * (k - 1)) / Math.sqrt(ga * ga + gb * gb);
  });
}

function drawJoint(canvas: Canvas, pose: Pose, joint: number, radius: number, colour: Colour): void {
  const reach = radius + 0.5;
  paint(canvas, jointX(pose, joint), jointY(pose, joint), reach, reach, colour, (x, y) => {
    return Math.sqrt(x * x + y * y) - radius;
  });
}

/** Blends `colour` over every pixel near the centre, as far as the signed distance says that it is inside. */
function paint(
  { width, height, values }: Canvas,
  centreX: number,
  centreY: number,
  reachX: number,
  reachY: number,
  colour: Colour,
  distance: (x: number, y: number) => number,
): void {
  const left = Math.max(0, Math.floor(centreX - reachX - 1));
  const right = Math.min(width, Math.ceil(centreX + reachX + 1));
  const top = Math.max(0, Math.floor(centreY - reachY - 1));
  const bottom = Math.min(height, Math.ceil(centreY + reachY + 1));
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const coverage = Math.min(1, Math.max(0, 0.5 - distance(x + 0.5 - centreX, y + 0.5 - centreY)));
      if (coverage === 0) continue;
      const at = (y * width + x) * 3;
      for (let channel = 0; channel < 3; channel++) {
        const old = values[at + channel] as number;
        values[at + channel] = old + ((colour[channel] as number) - old) * coverage;
      }
    }
  }
}

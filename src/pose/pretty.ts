/** The skeleton as people like to see it: calm colours, smooth lines, and the less certain the paler. */
import { isSeen, JOINT, JOINT_COUNT, jointX, jointY, score } from './body.ts';
import { LIMBS } from './skeleton.ts';
import type { Pose } from './types.ts';

export interface PaintOptions {
  /** Thickness of a limb in the canvas's pixels; by default it follows the picture's size. */
  readonly thickness?: number;
  /** Where the pose's picture lies on the canvas. */
  readonly scale?: number;
  readonly left?: number;
  readonly top?: number;
}

const RIGHT = '#f2994a';
const LEFT = '#4aa8f2';
const MIDDLE = '#f5f1ea';
const OUTLINE = 'rgb(20 22 30 / 0.55)';

const RIGHT_JOINTS = new Set(
  Object.entries(JOINT).flatMap(([name, joint]) => (name.startsWith('right') ? [joint] : [])),
);
const LEFT_JOINTS = new Set(
  Object.entries(JOINT).flatMap(([name, joint]) => (name.startsWith('left') ? [joint] : [])),
);

/** The person's own right is warm, their left is cool. */
export function sideColour(joint: number): string {
  if (RIGHT_JOINTS.has(joint)) return RIGHT;
  return LEFT_JOINTS.has(joint) ? LEFT : MIDDLE;
}

/** What a page's and a worker's 2D contexts have in common. */
type Context = CanvasState &
  CanvasCompositing &
  CanvasPath &
  CanvasDrawPath &
  CanvasPathDrawingStyles &
  CanvasFillStrokeStyles;

export function paintSkeleton(context: Context, pose: Pose, options: PaintOptions = {}): void {
  const { scale = 1, left = 0, top = 0 } = options;
  const thickness = options.thickness ?? Math.max(2, (Math.min(pose.width, pose.height) * scale) / 110);
  const x = (joint: number) => left + jointX(pose, joint) * scale;
  const y = (joint: number) => top + jointY(pose, joint) * scale;
  context.save();
  context.lineCap = 'round';
  const stroke = (from: number, to: number, width: number, colour: string) => {
    context.globalAlpha = opacity(Math.min(score(pose, from), score(pose, to)));
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(x(from), y(from));
    context.lineTo(x(to), y(to));
    context.stroke();
  };
  const limbs = LIMBS.filter(([from, to]) => isSeen(pose, from) && isSeen(pose, to));
  for (const [from, to] of limbs) stroke(from, to, thickness * 1.8, OUTLINE);
  for (const [from, to] of limbs) stroke(from, to, thickness, sideColour(to));
  for (let joint = 0; joint < JOINT_COUNT; joint++) {
    if (!isSeen(pose, joint)) continue;
    context.globalAlpha = opacity(score(pose, joint));
    context.fillStyle = sideColour(joint);
    context.beginPath();
    context.arc(x(joint), y(joint), thickness * 0.95, 0, 2 * Math.PI);
    context.fill();
  }
  context.restore();
}

const opacity = (certainty: number) => 0.25 + 0.75 * Math.min(1, certainty);

/** The skeleton as people like to see it: calm colours, smooth lines, and the less certain the paler. */
import { LIMBS, sideOf } from './anatomy.ts';
import { isSeen, jointX, jointY, score } from './body.ts';
import { JOINTS, type Pose } from './types.ts';

export interface PaintOptions {
  /** Thickness of a limb in the canvas's pixels; by default it follows the picture's size. */
  readonly thickness?: number;
  /** Where the pose's picture lies on the canvas. */
  readonly scale?: number;
  readonly left?: number;
  readonly top?: number;
}

/** The person's own right is warm, so that exchanged sides are seen at a glance. */
const RIGHT = '#ff8060';
const OTHER = '#fffaf5';
const OUTLINE = 'rgb(13 11 10 / 0.6)';

export interface FigureLimb {
  readonly from: number;
  readonly to: number;
  readonly isRight: boolean;
  /** 0 to 1: of the less certain one of its joints. */
  readonly certainty: number;
}

export interface FigureJoint {
  readonly joint: number;
  readonly isRight: boolean;
  readonly certainty: number;
}

/** What is drawn of a pose for people, in the order in which it is drawn. */
export function figureOf(pose: Pose): { limbs: readonly FigureLimb[]; joints: readonly FigureJoint[] } {
  const seen = JOINTS.map((_, joint) => joint).filter((joint) => isSeen(pose, joint));
  return {
    limbs: LIMBS.filter(([from, to]) => isSeen(pose, from) && isSeen(pose, to)).map(([from, to]) => ({
      from,
      to,
      isRight: sideOf(to) === 'right',
      certainty: Math.min(1, score(pose, from), score(pose, to)),
    })),
    joints: seen.map((joint) => ({
      joint,
      isRight: sideOf(joint) === 'right',
      certainty: Math.min(1, score(pose, joint)),
    })),
  };
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
  const { limbs, joints } = figureOf(pose);
  const stroke = ({ from, to, certainty }: FigureLimb, width: number, colour: string) => {
    context.globalAlpha = opacity(certainty);
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.beginPath();
    context.moveTo(x(from), y(from));
    context.lineTo(x(to), y(to));
    context.stroke();
  };
  for (const limb of limbs) stroke(limb, thickness * 1.8, OUTLINE);
  for (const limb of limbs) stroke(limb, thickness, limb.isRight ? RIGHT : OTHER);
  for (const { joint, isRight, certainty } of joints) {
    context.globalAlpha = opacity(certainty);
    context.fillStyle = isRight ? RIGHT : OTHER;
    context.beginPath();
    context.arc(x(joint), y(joint), thickness * 0.95, 0, 2 * Math.PI);
    context.fill();
  }
  context.restore();
}

const opacity = (certainty: number) => 0.25 + 0.75 * certainty;

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { standing } from '../live/testing/bodies.ts';
import { JOINT, jointX } from '../pose/index.ts';
import { LiveView } from './live-view.ts';

const paint = vi.hoisted(() => vi.fn());
vi.mock('../pose/pretty.ts', () => ({ paintSkeleton: paint }));

const context = { drawImage: () => undefined, globalAlpha: 1 };
const canvas = () => ({ width: 1, height: 1, getContext: () => context }) as unknown as HTMLCanvasElement;

beforeEach(() => vi.stubGlobal('OffscreenCanvas', class {}));
afterEach(() => vi.unstubAllGlobals());

/** A view of what a camera of this shape saw. */
function viewOf(size: { width: number; height: number }, people = [standing()]) {
  const view = new LiveView();
  view.cameraRef(canvas());
  view.look({ size, people, person: people[0], calibration: 1 });
  return view;
}

describe('the view of the camera', () => {
  it('finds a place in the picture, whatever the shape of the box around it', () => {
    const box = { width: 320, height: 200 };
    const middle = { x: 160, y: 100 };
    expect(viewOf({ width: 640, height: 400 }).pointAt({ x: 32, y: 20 }, box)).toEqual({ x: 64, y: 40 });
    // A phone held upright: the picture is 150 wide, and stands in the middle.
    const upright = viewOf({ width: 480, height: 640 });
    expect(upright.pointAt(middle, box)).toEqual({ x: 240, y: 320 });
    expect(upright.pointAt({ x: 85, y: 0 }, box)).toEqual({ x: 0, y: 0 });
    expect(upright.pointAt({ x: 235, y: 200 }, box)).toEqual({ x: 480, y: 640 });
  });

  it('knows where the person is who is not followed', () => {
    const [mine, other] = [standing({ shift: -0.25 }), standing({ shift: 0.25 })];
    const size = { width: 256, height: 256 };
    expect(viewOf(size, [mine]).other).toBeNull();
    expect(viewOf(size, [mine, other]).other?.x).toBe(jointX(other, JOINT.neck));
  });
});

import { type KeyboardEvent, type PointerEvent, useRef, useState } from 'react';
import { isSeen, jointX, jointY } from '../pose/body.ts';
import { JOINTS, type JointName, type Pose } from '../pose/types.ts';

const spoken = (name: JointName) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

interface JointEditorProps {
  readonly pose: Pose;
  readonly onMove: (joint: number, x: number, y: number) => void;
  /** The joint was let go: from here on it counts. */
  readonly onRest: () => void;
}

/** Joints to drag, or to choose with Tab and move with the arrow keys. Unseen joints wait at the left edge. */
export function JointEditor({ pose, onMove, onRest }: JointEditorProps) {
  const svg = useRef<SVGSVGElement>(null);
  const [held, setHeld] = useState<number | null>(null);
  const unit = Math.max(pose.width, pose.height) / 100;

  const drag = (event: PointerEvent) => {
    if (held === null) return;
    const matrix = svg.current?.getScreenCTM();
    if (!matrix) return;
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    onMove(held, x, y);
  };

  const letGo = () => {
    setHeld(null);
    onRest();
  };

  const nudge = (event: KeyboardEvent, joint: number) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const size = unit * (event.shiftKey ? 3 : 0.5);
    // From where its handle is: a joint that is not seen may lie far outside of the picture.
    const { x, y } = handlePlace(pose, joint);
    onMove(joint, x + step[0] * size, y + step[1] * size);
  };

  return (
    <svg
      ref={svg}
      className="overlay joint-editor"
      role="group"
      aria-label="Joints of the person: drag them, or move them with the arrow keys"
      viewBox={`0 0 ${pose.width} ${pose.height}`}
      preserveAspectRatio="xMidYMid meet"
      onPointerMove={drag}
      onPointerUp={letGo}
      onPointerCancel={letGo}
    >
      {JOINTS.map((name, joint) => {
        const { x, y } = handlePlace(pose, joint);
        return (
          <g
            key={name}
            className={`joint ${isSeen(pose, joint) ? '' : 'unseen'} ${held === joint ? 'held' : ''}`}
            role="button"
            tabIndex={0}
            aria-label={`${spoken(name)}${isSeen(pose, joint) ? '' : ', not seen'}`}
            transform={`translate(${x} ${y})`}
            onPointerDown={(event) => {
              event.currentTarget.setPointerCapture(event.pointerId);
              setHeld(joint);
            }}
            onKeyDown={(event) => nudge(event, joint)}
            onKeyUp={(event) => event.key in STEPS && onRest()}
            onBlur={onRest}
          >
            <circle className="grip" r={unit * 3.2} />
            <circle className="dot" r={unit * 1.3} />
          </g>
        );
      })}
    </svg>
  );
}

/** A joint that is not seen lines up at the picture's left edge, to be fetched from there. */
function handlePlace(pose: Pose, joint: number): { x: number; y: number } {
  if (isSeen(pose, joint)) return { x: jointX(pose, joint), y: jointY(pose, joint) };
  return { x: pose.width * 0.03, y: (pose.height * (joint + 1)) / (JOINTS.length + 1) };
}

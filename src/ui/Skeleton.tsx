import { isSeen, jointX, jointY } from '../pose/body.ts';
import { LIMBS } from '../pose/skeleton.ts';
import type { Pose } from '../pose/types.ts';

/** The person's own right side; it has the accent colour, so that exchanged sides are seen at a glance. */
const RIGHT = new Set([2, 3, 4, 8, 9, 10, 14, 16]);

/** A skeleton for people to read, as SVG in the pose's own picture coordinates. */
export function SkeletonLines({ pose, faint }: { pose: Pose; faint?: boolean }) {
  const unit = Math.max(pose.width, pose.height) / 100;
  const limbs = LIMBS.filter(([from, to]) => isSeen(pose, from) && isSeen(pose, to));
  const seen = Array.from({ length: pose.joints.length / 3 }, (_, joint) => joint).filter((joint) =>
    isSeen(pose, joint),
  );
  return (
    <g className={`skeleton ${faint ? 'faint' : ''}`} strokeLinecap="round">
      {(['under', 'over'] as const).map((layer) => (
        <g key={layer} className={layer} strokeWidth={layer === 'under' ? unit * 1.7 : unit * 0.8}>
          {limbs.map(([from, to]) => (
            <line
              key={`${from}-${to}`}
              className={RIGHT.has(to) ? 'right' : 'left'}
              x1={jointX(pose, from)}
              y1={jointY(pose, from)}
              x2={jointX(pose, to)}
              y2={jointY(pose, to)}
            />
          ))}
        </g>
      ))}
      {seen.map((joint) => (
        <circle
          key={joint}
          className={RIGHT.has(joint) ? 'right' : 'left'}
          cx={jointX(pose, joint)}
          cy={jointY(pose, joint)}
          r={unit * 0.9}
        />
      ))}
    </g>
  );
}

/** An overlay that lies exactly on a picture shown with `object-fit: contain`. */
export function Overlay({
  width,
  height,
  children,
}: {
  width: number;
  height: number;
  children: React.ReactNode;
}) {
  return (
    <svg
      className="overlay"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="xMidYMid meet"
      aria-hidden="true"
    >
      {children}
    </svg>
  );
}

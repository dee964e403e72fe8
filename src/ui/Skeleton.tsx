import { jointX, jointY } from '../pose/body.ts';
import { figureOf } from '../pose/pretty.ts';
import type { Pose } from '../pose/types.ts';

/** A skeleton for people to read, as SVG in the pose's own picture coordinates. */
export function SkeletonLines({ pose, faint }: { pose: Pose; faint?: boolean }) {
  const unit = Math.max(pose.width, pose.height) / 100;
  const { limbs, joints } = figureOf(pose);
  return (
    <g className={`skeleton ${faint ? 'faint' : ''}`} strokeLinecap="round">
      {(['under', 'over'] as const).map((layer) => (
        <g key={layer} className={layer} strokeWidth={layer === 'under' ? unit * 1.7 : unit * 0.8}>
          {limbs.map(({ from, to, isRight }) => (
            <line
              key={`${from}-${to}`}
              className={isRight ? 'right' : ''}
              x1={jointX(pose, from)}
              y1={jointY(pose, from)}
              x2={jointX(pose, to)}
              y2={jointY(pose, to)}
            />
          ))}
        </g>
      ))}
      {joints.map(({ joint, isRight }) => (
        <circle
          key={joint}
          className={isRight ? 'right' : ''}
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

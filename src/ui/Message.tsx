import type { Problem } from '../state/problem.ts';
import { Icon } from './Icon.tsx';

interface ProblemMessageProps {
  readonly problem: Problem;
  readonly onDismiss?: () => void;
  /** What can be done about it at once. */
  readonly children?: React.ReactNode;
}

export function ProblemMessage({ problem, onDismiss, children }: ProblemMessageProps) {
  return (
    <div className="message error" role="alert">
      <Icon name="warning" />
      <p className="what">{problem.message}</p>
      <p className="remedy">{problem.remedy}</p>
      {children && <div className="remedy actions">{children}</div>}
      {onDismiss && (
        <button
          type="button"
          className="button quiet icon-only dismiss"
          aria-label="Close this message"
          onClick={onDismiss}
        >
          <Icon name="close" size={16} />
        </button>
      )}
    </div>
  );
}

export function Notice({
  what,
  remedy,
  children,
}: {
  what: string;
  remedy?: string;
  children?: React.ReactNode;
}) {
  return (
    <div className="message" role="status">
      <Icon name="info" />
      <p className="what">{what}</p>
      {remedy && <p className="remedy">{remedy}</p>}
      {children && <div className="remedy actions">{children}</div>}
    </div>
  );
}

import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './ui/styles/index.css';
import { lookAtDevice } from './state/device.ts';
import { loadExamples } from './state/examples.ts';
import { warmUp } from './state/offline.ts';
import { keepSessions, lookForEarlier } from './state/session.ts';
import { serveOffline } from './state/updates.ts';
import { App } from './ui/App.tsx';
import { showTheme } from './ui/theme.ts';

showTheme();
void lookAtDevice();
void loadExamples();
void lookForEarlier();
keepSessions();
serveOffline();
warmUp();

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}

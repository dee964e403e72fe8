import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './ui/styles/index.css';
import { stayAwake } from './state/awake.ts';
import { lookAtDevice } from './state/device.ts';
import { loadExamples } from './state/examples.ts';
import { keepFilms } from './state/films.ts';
import { warmUp } from './state/offline.ts';
import { notePaces } from './state/pace.ts';
import { rememberSettings } from './state/remember.ts';
import { tidyUp } from './state/storage.ts';
import { keepSteps } from './state/undo.ts';
import { serveOffline } from './state/updates.ts';
import { App } from './ui/App.tsx';
import { showTheme } from './ui/theme.ts';

showTheme();
rememberSettings();
keepSteps();
stayAwake();
void lookAtDevice();
void loadExamples();
void keepFilms();
void tidyUp();
serveOffline();
notePaces();
warmUp();

const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}

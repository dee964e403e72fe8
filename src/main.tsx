import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import './ui/styles/index.css';
import { lookAtDevice } from './state/device.ts';
import { App } from './ui/App.tsx';
import { showTheme } from './ui/theme.ts';

showTheme();
void lookAtDevice();
const root = document.getElementById('root');
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}

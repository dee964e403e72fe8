import { lazy, Suspense, useState } from 'react';
import { lookAway, useImporting } from '../state/import-weights.ts';
import { AboutSheet } from './AboutSheet.tsx';
import { ClipPanel } from './ClipPanel.tsx';
import { DeviceSheet } from './DeviceSheet.tsx';
import { useDropAndPaste } from './drop.ts';
import { Header } from './Header.tsx';
import { PhotoPanel } from './PhotoPanel.tsx';
import { usePlace } from './place.ts';
import { RenderBar } from './RenderBar.tsx';
import { ResultPanel } from './ResultPanel.tsx';
import { SettingsSheet } from './SettingsSheet.tsx';
import { Timeline } from './Timeline.tsx';
import { UpdateNotice } from './UpdateNotice.tsx';

/** Few start with it: it comes when it is asked for. */
const LiveScreen = lazy(() => import('./live/LiveScreen.tsx'));

type OpenSheet = 'settings' | 'device' | 'about' | null;

export function App() {
  const [sheet, setSheet] = useState<OpenSheet>(null);
  const dropping = useDropAndPaste();
  const place = usePlace();
  const isImporting = useImporting(({ isDropped }) => isDropped);

  return (
    <>
      <a className="skip-link" href={place === 'live' ? '#live-stage' : '#result'}>
        Skip to the result
      </a>
      <Header place={place} onDevice={() => setSheet('device')} onAbout={() => setSheet('about')} />
      {place === 'live' ? (
        <Suspense>
          <LiveScreen />
        </Suspense>
      ) : (
        <main className={`studio ${dropping ? 'dropping' : ''}`}>
          <PhotoPanel />
          <ClipPanel />
          <Timeline />
          <RenderBar onSettings={() => setSheet('settings')} />
          <ResultPanel />
        </main>
      )}
      <SettingsSheet
        open={sheet === 'settings' || isImporting}
        onClose={() => {
          setSheet(null);
          lookAway();
        }}
      />
      <AboutSheet open={sheet === 'about'} onClose={() => setSheet(null)} />
      <UpdateNotice />
      <DeviceSheet open={sheet === 'device'} onClose={() => setSheet(null)} />
    </>
  );
}

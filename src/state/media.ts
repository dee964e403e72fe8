export { media } from '../studio/media.ts';

export const pageMedia = () => import('../media/page/index.ts');

/** The media room comes when the first file does: its containers and codecs are a third of the page's code. */
export const media = () => import('../media/index.ts');

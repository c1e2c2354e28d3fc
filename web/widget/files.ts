// Files that the visitor sends: checked, uploaded with progress, then said as a message.
import type { Item, Transcript } from '../core/transcript';
import { fileSize } from '../core/text';
import { imageSize, upload } from '../core/upload';
import { newCid } from '../core/wire';
import { key, limits, me, notice } from './chat';
import { current, items, outbox, publish, say, sent, skew, threads } from './talk';
import { t } from './laterWords';

/** Local only: a file that is not yet on the server. */
interface Upload {
  file: File;
  cancel: () => void;
}
const uploads = new Map<string, Upload>();

export function sendFiles(files: File[]): void {
  for (const file of files) {
    if (file.size === 0) notice.value = { text: t('fileEmpty', { name: file.name }), bad: true };
    else if (file.size > limits.value.file) {
      notice.value = { text: t('fileTooBig', { name: file.name, max: fileSize(limits.value.file) }), bad: true };
    } else void addFile(newCid(), file);
  }
}

async function addFile(cid: string, file: File): Promise<void> {
  const size = await imageSize(file);
  const { transcript } = current();
  transcript.addLocal(cid, {
    at: skew.now(),
    from: { role: 'visitor' },
    kind: size ? 'image' : 'file',
    file: { id: '', name: file.name, mime: file.type, size: file.size, ...size },
    cid,
  });
  transcript.patchLocal(cid, { progress: 0, ...(size && { preview: URL.createObjectURL(file) }) });
  publish();
  startUpload(cid, file);
}

function startUpload(cid: string, file: File): void {
  const change = (fn: (tr: Transcript) => void) => {
    for (const th of threads) fn(th.transcript);
    publish();
  };
  const cancel = upload({
    site: key,
    file,
    token: me.token,
    onProgress: (progress) => change((tr) => tr.patchLocal(cid, { progress })),
    onDone(result) {
      uploads.delete(cid);
      const was = items.value.find((i) => i.key === cid);
      if (!was?.file) return;
      const info = { ...was.file, ...result, name: was.file.name };
      sent.set(result.id, info);
      change((tr) => {
        tr.patchLocal(cid, { progress: undefined, file: info });
      });
      const kind =
        was.kind === 'image' && result.mime.startsWith('image/')
          ? 'image'
          : result.mime.startsWith('audio/')
            ? 'audio'
            : 'file';
      say({ type: 'message', cid, kind, file: result.id });
    },
    onFail: (_status, words) => change((tr) => tr.setLocal(cid, 'failed', words || t('uploadFailed'))),
  });
  uploads.set(cid, { file, cancel });
}

export function retry(item: Item): void {
  const up = uploads.get(item.key);
  if (up) {
    for (const th of threads) th.transcript.setLocal(item.key, 'queued');
    publish();
    startUpload(item.key, up.file);
  } else {
    outbox.retry(item.key);
  }
}

export function discard(item: Item): void {
  uploads.get(item.key)?.cancel();
  uploads.delete(item.key);
  if (item.preview) URL.revokeObjectURL(item.preview);
  for (const th of threads) th.transcript.removeLocal(item.key);
  outbox.discard(item.key);
  publish();
}

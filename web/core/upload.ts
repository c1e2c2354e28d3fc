// A visitor's upload, POST /files?site=KEY&name=…: the body is the bytes. XMLHttpRequest, because fetch tells no progress.
export interface Uploaded {
  id: string;
  name?: string;
  mime: string;
  size: number;
  width?: number;
  height?: number;
  duration_ms?: number;
}

export interface UploadOptions {
  site: string;
  file: File;
  onProgress: (share: number) => void;
  onDone: (result: Uploaded) => void;
  /** `status` 0: the network; else the server's answer, with its words. */
  onFail: (status: number, words: string) => void;
  /** A visitor without the cookie. */
  token?: string | undefined;
}

/** Returns how to cancel. */
export function upload(o: UploadOptions): () => void {
  const xhr = new XMLHttpRequest();
  xhr.open('POST', `/files?site=${encodeURIComponent(o.site)}&name=${encodeURIComponent(o.file.name)}`);
  xhr.setRequestHeader('Content-Type', o.file.type || 'application/octet-stream');
  if (o.token) xhr.setRequestHeader('Authorization', `Bearer ${o.token}`);
  xhr.upload.onprogress = (ev) => ev.lengthComputable && o.onProgress(ev.loaded / ev.total);
  xhr.onload = () => {
    let answer: Record<string, unknown> = {};
    try {
      answer = JSON.parse(xhr.responseText) as Record<string, unknown>;
    } catch {
      // The status says enough.
    }
    if (xhr.status === 201 && typeof answer['id'] === 'string') o.onDone(answer as unknown as Uploaded);
    else o.onFail(xhr.status, String(answer['detail'] ?? answer['title'] ?? ''));
  };
  xhr.onerror = () => o.onFail(0, '');
  xhr.send(o.file);
  return () => xhr.abort();
}

/** An image's size before it has left this computer, so that its place can be kept. */
export async function imageSize(file: File): Promise<{ width: number; height: number } | undefined> {
  if (!file.type.startsWith('image/') || typeof createImageBitmap === 'undefined') return undefined;
  try {
    const bitmap = await createImageBitmap(file);
    const { width, height } = bitmap;
    bitmap.close();
    return { width, height };
  } catch {
    return undefined;
  }
}

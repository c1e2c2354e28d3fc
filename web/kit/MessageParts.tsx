// What a message may have besides words: an image, a file, a voice, a form that was filled in, choices, an upload under way, a failure.
import './MessageParts.css';
import { Fragment } from 'preact';
import { FileText } from 'lucide';
import { fileSize } from '../core/text';
import type { Item } from '../core/transcript';
import type { FileInfo } from '../core/wire';
import { Icon } from './Icon';
import { k } from './i18n';
import { Said } from './Said';
import { Text } from './Text';
import type { TranscriptActions } from './Transcript';

export function Media({ item, actions }: { item: Item; actions: TranscriptActions }) {
  const { file } = item;
  if (!file) return typeof item.form === 'object' ? <Form form={item.form} label={actions.fieldLabel} /> : null;
  const url = item.preview ?? ((file.id && actions.fileUrl(file)) || undefined);
  if (item.kind === 'image') return <Image file={file} url={url} />;
  if (item.kind === 'card') {
    return (
      <div class="bubble">
        <Image file={file} url={url} />
        <Said m={item} />
      </div>
    );
  }
  if (url && item.kind === 'audio') {
    return (
      <div class="bubble media">
        <audio controls preload="none" src={url} aria-label={k('audio')} />
      </div>
    );
  }
  return <Attachment file={file} url={url} />;
}

/** Its place has the final size before it is there, so that nothing jumps. */
function Image({ file, url }: { file: FileInfo; url: string | undefined }) {
  const { width = 240, height = 180 } = file;
  const scale = Math.min(1, 240 / width, 240 / height);
  const style = { width: `${Math.max(48, width * scale)}px`, height: `${Math.max(48, height * scale)}px` };
  if (!url) return <span class="msg-image" style={style} />;
  return (
    <a
      class="msg-image"
      style={style}
      href={url}
      target="_blank"
      rel="noopener"
      aria-label={k('imageOpen', { name: file.name })}
    >
      <img src={url} alt="" loading="lazy" decoding="async" />
    </a>
  );
}

function Attachment({ file, url }: { file: FileInfo; url: string | undefined }) {
  const inner = (
    <>
      <Icon node={FileText} size={28} />
      <span>
        <span class="name" dir="auto">
          {file.name}
        </span>
        <span class="size num">{fileSize(file.size)}</span>
      </span>
    </>
  );
  return (
    <div class="bubble">
      {url ? (
        <a class="msg-file" href={url} target="_blank" rel="noopener" download={file.name}>
          {inner}
        </a>
      ) : (
        <span class="msg-file">{inner}</span>
      )}
    </div>
  );
}

function Form({ form, label }: { form: Record<string, unknown>; label: ((name: string) => string) | undefined }) {
  return (
    <dl class="bubble msg-card">
      {Object.entries(form).map(([name, value]) => (
        <Fragment key={name}>
          <dt>{label?.(name) ?? name}</dt>
          <dd>
            <Text text={String(value)} />
          </dd>
        </Fragment>
      ))}
    </dl>
  );
}

interface PartProps {
  item: Item;
  actions: TranscriptActions;
}

export function Choices({ item, actions }: PartProps) {
  return (
    <div class="msg-choices">
      {item.choices!.map((c) => (
        <button key={c.id} type="button" onClick={() => actions.onChoice?.(item, c)}>
          {c.label}
        </button>
      ))}
    </div>
  );
}

/** On its way up, or not sent. */
export function Trouble({ item, actions }: PartProps) {
  if (item.state === 'failed') return <Failed item={item} actions={actions} />;
  const percent = Math.round((item.progress ?? 0) * 100);
  return (
    <span class="msg-state msg-progress">
      <progress max={100} value={percent} aria-label={k('uploading', { percent })} />
      <button type="button" onClick={() => actions.onDiscard?.(item)}>
        {k('cancelUpload')}
      </button>
    </span>
  );
}

function Failed({ item, actions }: PartProps) {
  return (
    <span class="msg-state bad">
      {k('stateFailed')}
      {item.reason && <> · {item.reason}</>}
      {actions.onRetry && (
        <>
          {' · '}
          <button type="button" onClick={() => actions.onRetry?.(item)}>
            {k('resend')}
          </button>
        </>
      )}
      {actions.onDiscard && !item.seq && (
        <>
          {' '}
          <button type="button" onClick={() => actions.onDiscard?.(item)}>
            {k('discard')}
          </button>
        </>
      )}
    </span>
  );
}

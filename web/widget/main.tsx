import '../kit/tokens.css';
import { render } from 'preact';
import { App } from './App';
import { begin } from './chat';
import { onChange } from './signals';

// The style sheet comes with the script: one request less before the chat can be used. Where a script cannot make one, it is a link.
try {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(PAGE_CSS);
  document.adoptedStyleSheets = [sheet];
} catch {
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = PAGE_CSS_PATH;
  document.head.append(link);
}

const draw = () => render(<App />, document.body);

void begin().then(() => {
  onChange(draw);
  draw();
});

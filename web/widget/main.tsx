import '../kit/tokens.css';
import { render } from 'preact';
import { App } from './App';
import { begin } from './chat';

void begin();
render(<App />, document.body);

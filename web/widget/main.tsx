import '../kit/tokens.css';
import { render } from 'preact';
import { App } from './App';
import { begin } from './chat';
import { onChange } from './signals';

const draw = () => render(<App />, document.body);

onChange(draw);
void begin();
draw();
